//! The dashboard.

use serde_json::Value as Json;

use super::*;

fn dashboard() -> Json {
    serde_json::from_str(&read("dashboard.json")).unwrap()
}

/// The panels, without the rows.
fn panels(dashboard: &Json) -> Vec<&Json> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row").collect()
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 38);
    assert!(!dashboard["uid"].as_str().unwrap().is_empty());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["datasource", "route", "provider"]);
    let all = dashboard["panels"].as_array().unwrap();
    let rows: Vec<_> = all.iter().filter(|panel| panel["type"] == "row").collect();
    let titles: Vec<_> = rows.iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Now", "Traffic", "Rejections", "Latency", "Time", "Keys", "Idempotency", "Queue"]);
    let ids: BTreeSet<_> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    for panel in panels(&dashboard) {
        assert!(panel["description"].as_str().unwrap().len() > 20, "{panel}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        assert!(!panel["targets"].as_array().unwrap().is_empty());
    }
}

#[test]
fn every_expression_is_one_that_prometheus_understands() {
    let dashboard = dashboard();
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    let mut count = 0;
    for panel in panels(&dashboard) {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let filled = expression.replace("$__rate_interval", "1m").replace("$__range", "6h");
            let filled = filled.replace("$route", "stripe|github").replace("$provider", ".*");
            assert!(!filled.contains('$'), "{filled}");
            // A string of JSON is one of YAML.
            rules += &format!("      - record: panel:{count}\n        expr: {}\n", Json::from(filled));
            count += 1;
        }
    }
    assert!(count >= 30, "{count}");
    let file = std::env::temp_dir().join(format!("tower-webhook-dashboard-{}.yml", std::process::id()));
    std::fs::write(&file, rules).unwrap();
    let said = promtool(&["check", "rules", file.to_str().unwrap()], "");
    assert!(said.contains(&format!("SUCCESS: {count} rules found")), "{said}");
    std::fs::remove_file(file).unwrap();
}
