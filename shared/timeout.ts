/**
 * An answer within its time, else an error that says what did not answer. What is still on its way is not
 * stopped: a binding has no signal, and past the deadline its answer no longer matters.
 */
export async function withTimeout<T>(what: string, ms: number, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
