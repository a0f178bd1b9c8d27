/** Runs work under a signal that also aborts when its time is up. `late` says that it did. */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ value: T; late: boolean }> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("out of time", "TimeoutError")), ms);
  try {
    const value = await work(AbortSignal.any([signal, late.signal]));
    return { value, late: late.signal.aborted };
  } finally {
    clearTimeout(timer);
  }
}
