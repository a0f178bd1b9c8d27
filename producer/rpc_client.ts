/** Asks the consumer over the service binding: it alone knows its bindings, its secrets and its governors. */
import { log } from "../shared/log.ts";

interface Question<T> {
  /** What is asked for, for the log. */
  what: string;
  /** Path and query. */
  path: string;
  /** Sent as JSON; left out, it is a GET. */
  body?: unknown;
  msMax: number;
  /** A consumer of another version answers every path, and not always with what is meant. */
  isAnswer?: (value: unknown) => value is T;
}

/** The answer, or null where no consumer is bound or none answers in time: the log says which. */
export async function askConsumer<T>(
  CONSUMER: Pick<Fetcher, "fetch"> | undefined,
  { what, path, body, msMax, isAnswer }: Question<T>,
): Promise<T | null> {
  if (CONSUMER === undefined) return null;
  try {
    const response = await CONSUMER.fetch(`https://consumer${path}`, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(msMax),
    });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const answer = await response.json<T>();
    if (isAnswer?.(answer) === false) throw new Error("answered something else");
    return answer;
  } catch (error) {
    log("unhealthy", { what, message: String(error) });
    return null;
  }
}
