import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";
import { fail } from "../failure.ts";
import { clearTimer, nextId, setTimer } from "../pending.ts";

type Callback = (...values: unknown[]) => void;

/** The active timers; the event loop ends when none is left that keeps the program alive. */
export const activeTimers = new Set<number>();

/** What setTimeout returns: an object that converts to a number. */
class Timeout {
  readonly #id = nextId();
  readonly #delay: number;
  readonly #fire: () => void;
  #isRef = true;

  constructor(callback: Callback, delay: unknown, values: unknown[], repeats: boolean) {
    const ms = Number(delay);
    this.#delay = ms >= 1 && ms <= 2_147_483_647 ? Math.trunc(ms) : 1;
    this.#fire = () => {
      if (repeats) this.#set();
      else activeTimers.delete(this.#id);
      runGuarded(callback, values);
    };
    this.#set();
  }
  #set(): void {
    activeTimers.add(this.#id);
    setTimer(this.#id, this.#delay, this.#fire, this.#isRef);
  }
  ref(): this {
    this.#isRef = true;
    ask(op.ref, [this.#id, true]);
    return this;
  }
  unref(): this {
    this.#isRef = false;
    ask(op.ref, [this.#id, false]);
    return this;
  }
  hasRef(): boolean {
    return this.#isRef;
  }
  refresh(): this {
    clearTimer(this.#id);
    this.#set();
    return this;
  }
  close(): this {
    clear(this);
    return this;
  }
  [Symbol.toPrimitive](): number {
    return this.#id;
  }
  [Symbol.dispose](): void {
    clear(this);
  }
}

class Immediate extends Timeout {}

function runGuarded(callback: Callback, values: unknown[]): void {
  try {
    callback(...values);
  } catch (error) {
    fail(error, "uncaughtException");
  }
}

function schedule(callback: unknown, delay: unknown, values: unknown[], repeats: boolean): Timeout {
  if (typeof callback !== "function") {
    const message =
      callback === null
        ? "null"
        : callback === undefined
          ? "undefined"
          : `type ${typeof callback} ('${String(callback)}')`;
    const error = new TypeError(
      `The "callback" argument must be of type function. Received ${message}`,
    );
    throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
  }
  const Kind = delay === immediately ? Immediate : Timeout;
  return new Kind(callback as Callback, delay === immediately ? 0 : delay, values, repeats);
}

const immediately = Symbol("immediately");

function clear(timeout: unknown): void {
  if (timeout === undefined || timeout === null) return;
  const id = Number(timeout);
  activeTimers.delete(id);
  clearTimer(id);
}

interface WaitOptions {
  signal?: AbortSignal;
  ref?: boolean;
}

function abortError(signal: AbortSignal): Error {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

function wait(
  ms: unknown,
  value: unknown,
  { signal, ref = true }: WaitOptions = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const timeout = schedule(
      () => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      },
      ms,
      [],
      false,
    );
    const abort = (): void => {
      clear(timeout);
      reject(abortError(signal as AbortSignal));
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (!ref) timeout.unref();
  });
}

async function* repeat(
  ms?: number,
  value?: unknown,
  options: WaitOptions = {},
): AsyncGenerator<unknown> {
  for (;;) {
    await wait(ms, undefined, options);
    yield value;
  }
}

/** Installs Node's timers and the module timers/promises. */
export function installTimers(): { timers: object; promises: object } {
  const promisifySymbol = Symbol.for("nodejs.util.promisify.custom");
  const promises = {
    setTimeout: (ms?: number, value?: unknown, options?: WaitOptions) => wait(ms, value, options),
    setImmediate: (value?: unknown, options?: WaitOptions) => wait(immediately, value, options),
    setInterval: repeat,
    scheduler: {
      wait: (ms: number, options?: WaitOptions) => wait(ms, undefined, options),
      yield: () => wait(immediately, undefined),
    },
  };
  const timers = {
    setTimeout: (callback: unknown, ms?: unknown, ...values: unknown[]) =>
      schedule(callback, ms, values, false),
    setInterval: (callback: unknown, ms?: unknown, ...values: unknown[]) =>
      schedule(callback, ms, values, true),
    setImmediate: (callback: unknown, ...values: unknown[]) =>
      schedule(callback, immediately, values, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  for (const name of ["setTimeout", "setImmediate"] as const) {
    Object.defineProperty(timers[name], promisifySymbol, {
      enumerable: true,
      value: promises[name],
    });
  }
  define(globalThis, timers);
  define(globalThis, {
    queueMicrotask: (callback: Callback) => {
      if (typeof callback !== "function") {
        throw Object.assign(new TypeError('The "callback" argument must be of type function.'), {
          code: "ERR_INVALID_ARG_TYPE",
        });
      }
      void Promise.resolve().then(() => runGuarded(callback, []));
    },
  });
  return { timers: { ...timers, promises }, promises };
}
