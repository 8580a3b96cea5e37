//! The rules of alerts.

use super::*;

#[test]
fn the_rules_are_sound_and_their_tests_pass() {
    assert!(promtool(&["check", "rules", "webhook.rules.yml"], "").contains("SUCCESS"));
    assert!(promtool(&["test", "rules", "webhook.rules.test.yml"], "").contains("SUCCESS"));
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() {
    let (rules, tests) = (read("webhook.rules.yml"), read("webhook.rules.test.yml"));
    let alerts: BTreeSet<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(alerts.len(), 17, "{alerts:?}");
    for alert in alerts {
        let named = format!("alertname: {alert}\n");
        let cases = tests.split(&named).skip(1);
        let (silent, firing): (Vec<_>, Vec<_>) =
            cases.map(|case| case.trim_start().starts_with("exp_alerts: []")).partition(|silent| *silent);
        assert!(!silent.is_empty() && !firing.is_empty(), "{alert}: {} silent, {} firing", silent.len(), firing.len());
    }
}

#[test]
fn every_alert_leads_to_its_own_part_of_the_guide() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/operations.md")).unwrap();
    let rules = read("webhook.rules.yml");
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(guide.contains(&format!("\n### {alert}\n")), "{alert}");
        assert!(rules.contains(&format!("guide/operations/#{}\n", alert.to_lowercase())), "{alert}");
    }
}

#[tokio::test]
async fn a_scrape_under_traffic_has_every_metric_that_rules_and_dashboard_name() {
    let running = Running::start("scrape").await;
    traffic(&running).await;
    let page = loop {
        let page = running.get("/metrics").await;
        // The gauges of the inbox are set now and then.
        if page.contains(r#"webhook_jobs_total{queue="crm",outcome="ok"} 1"#) {
            break page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(promtool(&["check", "metrics"], &page), "", "promtool has nothing to say");

    let shown: BTreeSet<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for file in ["webhook.rules.yml", "webhook.rules.test.yml", "dashboard.json"] {
        let named = names_in(&read(file).replace("webhook_requests_total, ", ""));
        assert!(named.len() > 5, "{file}");
        for name in named {
            assert!(shown.contains(name.as_str()), "{file} names {name}, which the example does not show");
        }
    }
    // Its histograms are histograms: summaries cannot be added up, and the alerts look for buckets.
    assert!(!page.contains("} summary") && !page.contains(" summary\n"), "{page}");
    assert!(page.contains(
        r#"webhook_request_duration_seconds_bucket{route="github",provider="github",outcome="accepted",le="2.5"}"#
    ));
    for series in [
        r#"webhook_jobs_total{queue="crm",outcome="dead"} 1"#,
        r#"webhook_jobs_total{queue="crm",outcome="retry"} 1"#,
        r#"webhook_jobs_total{queue="billing",outcome="ok"} 2"#,
        r#"webhook_dead_letters_total{route="standard",reason="permanent"} 1"#,
        r#"webhook_verified_with_key_total{route="standard",key_id="previous"} 1"#,
        r#"webhook_health{check="inbox"} 1"#,
        r#"webhook_allowlist_decisions_total{route="github",result="denied"} 1"#,
        r#"webhook_allowlist_refresh_failures_total{list="private"} 0"#,
        r#"webhook_secret_reload_failures_total{ring="standard"} 0"#,
        r#"webhook_explanations_total{route="standard",cause="other_sender"} 0"#,
    ] {
        assert!(page.lines().any(|line| line == series), "{series}\n{page}");
    }
    running.end().await;
}
