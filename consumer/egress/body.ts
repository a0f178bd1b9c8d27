/** The bodies of one request: counted out, counted in, capped, scrubbed, and stopped in time. */
import { egressLimits } from "../../shared/limits.ts";
import type { Budget } from "./budget.ts";
import type { BudgetReason, UpstreamFailure } from "./reason.ts";
import type { Scrubber } from "./scrub.ts";

/** How an answer's body ended: null is whole. */
export type BodyEnd = UpstreamFailure | BudgetReason | null;

/** When a request must stop: its own deadline or the task's signal. */
export interface Deadline {
  signal: AbortSignal;
  /** Resolves when `signal` aborts; never rejects. */
  passed: Promise<"passed">;
  why(): "timeout" | "aborted";
  /** Ends the request now. */
  stop(): void;
  /** Frees the timer. */
  clear(): void;
}

export function deadline(ms: number, task: AbortSignal): Deadline {
  const controller = new AbortController();
  let stopped = false;
  const timer = setTimeout(() => controller.abort(), ms);
  const signal = AbortSignal.any([controller.signal, task]);
  const passed = new Promise<"passed">((resolve) => {
    if (signal.aborted) resolve("passed");
    else signal.addEventListener("abort", () => resolve("passed"), { once: true });
  });
  return {
    signal,
    passed,
    why: () => (task.aborted || stopped ? "aborted" : "timeout"),
    stop: () => {
      stopped = true;
      controller.abort();
    },
    clear: () => clearTimeout(timer),
  };
}

export interface Incoming {
  body: ReadableStream<Uint8Array> | null;
  /** Reads a body that is known to be small as a whole, which spares a stream's turns; else null. */
  atOnce: (() => Promise<ArrayBuffer>) | null;
  scrubber: Scrubber;
  budget: Budget;
  deadline: Deadline;
  /** Called with the length of each chunk as it arrived, before scrubbing. */
  counted(bytes: number): void;
  /** Called once, when no more comes. */
  ended(end: BodyEnd): void;
}

/** Yields clean chunks; its return value says how the body ended. Never throws. */
export async function* cleanChunks(incoming: Incoming): AsyncGenerator<Uint8Array, BodyEnd> {
  let end: BodyEnd = "aborted";
  try {
    const { body, atOnce } = incoming;
    if (body === null) end = null;
    else if (atOnce !== null) end = yield* readAtOnce(incoming, atOnce());
    else end = yield* readClean(incoming, body.getReader());
    return end;
  } finally {
    incoming.ended(end);
  }
}

async function* readAtOnce(
  { deadline, budget, scrubber, counted }: Incoming,
  whole: Promise<ArrayBuffer>,
): AsyncGenerator<Uint8Array, BodyEnd> {
  // Whoever stops waiting for it still must hear how it ends.
  whole.catch(() => {});
  try {
    const read = await Promise.race([whole, deadline.passed]);
    if (read === "passed") return deadline.why();
    counted(read.byteLength);
    const refused = budget.takeReceived(read.byteLength);
    if (refused !== null) return refused;
    if (read.byteLength > egressLimits.responseBytesMax) return "response_too_large";
    if (read.byteLength > 0) yield scrubber.whole(new Uint8Array(read));
    return null;
  } catch {
    return deadline.signal.aborted ? deadline.why() : "unreachable";
  }
}

async function* readClean(
  { deadline, budget, scrubber, counted }: Incoming,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array, BodyEnd> {
  const clean = scrubber.stream();
  let bytes = 0;
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), deadline.passed]);
      if (read === "passed") return deadline.why();
      if (read.done) break;
      bytes += read.value.byteLength;
      counted(read.value.byteLength);
      const refused = budget.takeReceived(read.value.byteLength);
      if (refused !== null) return refused;
      if (bytes > egressLimits.responseBytesMax) return "response_too_large";
      const passed = clean.push(read.value);
      if (passed.byteLength > 0) yield passed;
    }
    const rest = clean.flush();
    if (rest.byteLength > 0) yield rest;
    return null;
  } catch {
    return deadline.signal.aborted ? deadline.why() : "unreachable";
  } finally {
    // Cancelling a finished or failed stream is harmless; its answer says nothing new.
    void reader.cancel().catch(() => {});
  }
}

/** The chunks as a stream. Its cancellation stops the request; an end that is not whole errors it. */
export function streamOf(
  chunks: AsyncGenerator<Uint8Array, BodyEnd>,
  stop: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (!next.done) controller.enqueue(next.value);
      else if (next.value === null) controller.close();
      else controller.error(new Error(`the answer broke off: ${next.value}`));
    },
    async cancel() {
      stop();
      // A generator that never began has nothing to finish, so it is begun before it is ended.
      await chunks.next();
      await chunks.return("aborted");
    },
  });
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/**
 * A request's body as it may be sent. A stream is counted while it flows and broken off
 * at the first bound; `refused` tells which, because the sender sees only a broken stream.
 */
export function countedBody(
  body: ReadableStream<Uint8Array>,
  budget: Budget,
  counted: (bytes: number) => void,
): { stream: ReadableStream<Uint8Array>; refused(): BudgetReason | "too_large" | null } {
  let bytes = 0;
  let refused: BudgetReason | "too_large" | null = null;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      refused =
        bytes > egressLimits.requestBytesMax ? "too_large" : budget.takeSent(chunk.byteLength);
      if (refused !== null) {
        controller.error(new Error("the body is over its limit"));
        return;
      }
      counted(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  return { stream: body.pipeThrough(counter), refused: () => refused };
}
