/**
 * Rejects when a reply takes longer than `ms`. The call itself is not stopped: a binding takes no signal,
 * and its late reply is ignored.
 */
export async function withTimeout<T>(operation: string, ms: number, reply: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${operation} did not reply within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([reply, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
