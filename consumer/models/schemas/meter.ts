/** Counts the work of a validation, so that no schema, pattern or value can take longer than the limit. */
export class OutOfWork extends Error {
  constructor() {
    super("the value takes too long to check against this schema");
  }
}

export class Meter {
  #left: number;

  /** `work` is in units of about 0.1 microseconds. */
  constructor(work: number) {
    this.#left = work;
  }

  get left(): number {
    return this.#left;
  }

  /** Throws OutOfWork when nothing is left. */
  spend(work: number): void {
    this.#left -= work;
    if (this.#left < 0) throw new OutOfWork();
  }
}
