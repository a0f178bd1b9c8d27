/** Counts the work of a validation, so that no schema, pattern or value can take longer than the limit. */
export class OutOfWork extends Error {
  constructor() {
    super("the value takes too long to check against this schema");
  }
}

export class Meter {
  #unitsLeft: number;

  /** `work` is in units of about 0.1 microseconds. */
  constructor(work: number) {
    this.#unitsLeft = work;
  }

  get left(): number {
    return this.#unitsLeft;
  }

  /** Throws OutOfWork when nothing is left. */
  spend(work: number): void {
    this.#unitsLeft -= work;
    if (this.#unitsLeft < 0) throw new OutOfWork();
  }
}
