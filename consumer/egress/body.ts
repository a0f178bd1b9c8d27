/** The bodies of one request and its response: counted, limited, scrubbed and stopped in time. */
import { egressLimits } from "../../shared/limits.ts";
import { err } from "../../shared/result.ts";
import type { Cover } from "./announcements.ts";
import type { Budget } from "./budget.ts";
import type { BudgetReason, UpstreamFailure } from "./error_reason.ts";
import type { Scrubber } from "./scrub.ts";

/** How a response body ended. */
export type BodyEnd = "complete" | UpstreamFailure | BudgetReason;

/** When a request must stop: its own deadline or the task's signal. */
export interface Deadline {
  signal: AbortSignal;
  /**
   * What the promise settles to, or "passed" if the signal aborts first. Not `Promise.race` with one promise of
   * the deadline: that would keep every chunk of a response in memory until the request's signal is gone.
   */
  race<T>(promise: Promise<T>): Promise<T | "passed">;
  reason(): "timeout" | "aborted";
  /** Ends the request now. */
  stop(): void;
  /** Frees the timer and the signal. */
  clear(): void;
}

export function startDeadline(ms: number, task: AbortSignal): Deadline {
  const controller = new AbortController();
  let isStopped = false;
  const timer = setTimeout(() => controller.abort(), ms);
  const signal = AbortSignal.any([controller.signal, task]);
  const racers = new Set<() => void>();
  const pass = (): void => {
    for (const end of racers) end();
  };
  signal.addEventListener("abort", pass, { once: true });
  return {
    signal,
    race: <T>(promise: Promise<T>) => {
      const { promise: first, resolve, reject } = Promise.withResolvers<T | "passed">();
      const end = () => resolve("passed");
      const settle = (then: () => void): void => {
        racers.delete(end);
        then();
      };
      if (signal.aborted) end();
      else racers.add(end);
      promise.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
      return first;
    },
    reason: () => (task.aborted || isStopped ? "aborted" : "timeout"),
    stop: () => {
      isStopped = true;
      controller.abort();
    },
    clear: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", pass);
    },
  };
}

export interface ResponseBody {
  body: ReadableStream<Uint8Array> | null;
  /** Reads a small body at once, which is faster than a stream; null when its size is not known. */
  readWhole: (() => Promise<ArrayBuffer>) | null;
  scrubber: Scrubber;
  budget: Budget;
  /** Called with the length of each received chunk; "stop" breaks the response off. */
  admit(bytes: number): Promise<"go" | "stop">;
  deadline: Deadline;
  /** Called with the length of each received chunk, before scrubbing. */
  onBytes(bytes: number): void;
  /** Called once, at the end. */
  onEnd(end: BodyEnd): void;
}

/** Yields scrubbed chunks and returns how the body ended. Never throws. */
export async function* scrubChunks(response: ResponseBody): AsyncGenerator<Uint8Array, BodyEnd> {
  let end: BodyEnd = "aborted";
  try {
    const { body, readWhole } = response;
    if (body === null) end = "complete";
    else if (readWhole !== null) end = yield* scrubWhole(response, readWhole());
    else end = yield* scrubStream(response, body.getReader());
    return end;
  } finally {
    response.onEnd(end);
  }
}

async function* scrubWhole(
  { deadline, budget, admit, scrubber, onBytes }: ResponseBody,
  bodyBytes: Promise<ArrayBuffer>,
): AsyncGenerator<Uint8Array, BodyEnd> {
  // A rejection after the deadline must not be unhandled.
  bodyBytes.catch(() => {});
  try {
    const read = await deadline.race(bodyBytes);
    if (read === "passed") return deadline.reason();
    onBytes(read.byteLength);
    const overrun = budget.takeReceived(read.byteLength);
    if (!overrun.ok) return overrun.error;
    if (read.byteLength > egressLimits.responseBytesMax) return "response_too_large";
    if ((await admit(read.byteLength)) === "stop") return stopReason(deadline);
    if (read.byteLength > 0) yield scrubber.scrubBytes(new Uint8Array(read));
    return "complete";
  } catch {
    return deadline.signal.aborted ? deadline.reason() : "unreachable";
  }
}

async function* scrubStream(
  { deadline, budget, admit, scrubber, onBytes }: ResponseBody,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array, BodyEnd> {
  const scrub = scrubber.createStream();
  let bytes = 0;
  try {
    for (;;) {
      const read = await deadline.race(reader.read());
      if (read === "passed") return deadline.reason();
      if (read.done) break;
      bytes += read.value.byteLength;
      onBytes(read.value.byteLength);
      const overrun = budget.takeReceived(read.value.byteLength);
      if (!overrun.ok) return overrun.error;
      if (bytes > egressLimits.responseBytesMax) return "response_too_large";
      if ((await admit(read.value.byteLength)) === "stop") return stopReason(deadline);
      const chunk = scrub.push(read.value);
      if (chunk.byteLength > 0) yield chunk;
    }
    const rest = scrub.flush();
    if (rest.byteLength > 0) yield rest;
    return "complete";
  } catch {
    return deadline.signal.aborted ? deadline.reason() : "unreachable";
  } finally {
    // Harmless when the stream has ended or failed.
    void reader.cancel().catch(() => {});
  }
}

const stopReason = (deadline: Deadline): "timeout" | "aborted" =>
  deadline.signal.aborted ? deadline.reason() : "aborted";

/** The chunks as a stream. Cancelling it stops the request; an incomplete end errors it. */
export function streamOf(
  chunks: AsyncGenerator<Uint8Array, BodyEnd>,
  stop: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (!next.done) controller.enqueue(next.value);
      else if (next.value === "complete") controller.close();
      else controller.error(new Error(`the response broke off: ${next.value}`));
    },
    async cancel() {
      stop();
      // `return` on a generator that has not started skips its `finally`, so it is started first.
      await chunks.next();
      await chunks.return("aborted");
    },
  });
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joinedBytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    joinedBytes.set(part, offset);
    offset += part.byteLength;
  }
  return joinedBytes;
}

type BrokenOff = BudgetReason | "too_large" | "aborted";

/**
 * Counts a request body while it flows and breaks it off at the first limit. The sender sees only a broken
 * stream; `exceeded` returns the limit, or null.
 */
export function countBody(
  body: ReadableStream<Uint8Array>,
  { budget, cover }: { budget: Budget; cover: Cover },
  onBytes: (bytes: number) => void,
): { stream: ReadableStream<Uint8Array>; exceeded(): BrokenOff | null } {
  let bytes = 0;
  let excess: BrokenOff | null = null;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      bytes += chunk.byteLength;
      const overrun =
        bytes > egressLimits.requestBytesMax
          ? err("too_large" as const)
          : budget.takeSent(chunk.byteLength);
      const isCovered = overrun.ok && (await cover()) === "go";
      if (!isCovered) {
        excess = overrun.ok ? "aborted" : overrun.error;
        controller.error(new Error("the body is over its limit"));
        return;
      }
      onBytes(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  return { stream: body.pipeThrough(counter), exceeded: () => excess };
}
