/** The task's limit of seconds. When they are used up, running tools are stopped and no tool may start. */
export class WorkDeadline {
  readonly #controller = new AbortController();
  /** Aborts with the slice, or when work took longer than it may. */
  readonly signal: AbortSignal;

  constructor(slice: AbortSignal) {
    this.signal = AbortSignal.any([slice, this.#controller.signal]);
  }

  async runWithin<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => this.#controller.abort(new Error("limits.seconds is used up")),
      ms,
    );
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }
}
