// The clock of every SDK stands: runs are repeatable, and no tolerance is missed because the machine was slow.

export const NOW = 1_789_000_000;

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(NOW * 1000);
    else super(...args);
  }
  static now() {
    return NOW * 1000;
  }
};
