/** The task's limit of seconds. When they are used up, running tools are stopped and no tool may start. */
export class WorkDeadline {
  readonly #late = new AbortController();
  /** Aborts with the slice, or when work took longer than it may. */
  readonly signal: AbortSignal;

  constructor(slice: AbortSignal) {
    this.signal = AbortSignal.any([slice, this.#late.signal]);
  }

  async runWithin<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#late.abort(new Error("limits.seconds is used up")), ms);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }
}
