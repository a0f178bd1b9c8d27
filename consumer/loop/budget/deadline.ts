/** Runs work under a signal that also aborts when its time is up, which `isLate` reports. */
export async function runWithDeadline<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ value: T; isLate: boolean }> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException("out of time", "TimeoutError")),
    ms,
  );
  try {
    const value = await work(AbortSignal.any([signal, controller.signal]));
    return { value, isLate: controller.signal.aborted };
  } finally {
    clearTimeout(timer);
  }
}
