import { define } from "../bridge.ts";
import { clearTimer, nextId, setTimer } from "../pending.ts";
import { fail } from "../start.ts";

/** What setTimeout answers: a number with the methods that Node's timers have. */
class Timeout {
  readonly id = nextId();
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  refresh(): this {
    return this;
  }
  [Symbol.toPrimitive](): number {
    return this.id;
  }
}

type Callback = (...values: unknown[]) => void;

function guarded(callback: Callback, values: unknown[]): void {
  try {
    callback(...values);
  } catch (error) {
    fail(error);
  }
}

function schedule(callback: unknown, delay: unknown, values: unknown[], repeats: boolean): Timeout {
  if (typeof callback !== "function") {
    const error = new TypeError('The "callback" argument must be of type function.');
    throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
  }
  const timeout = new Timeout();
  const milliseconds = Number(delay) >= 1 && Number(delay) <= 2_147_483_647 ? Number(delay) : 1;
  const fire = (): void => {
    if (repeats) setTimer(timeout.id, milliseconds, fire);
    guarded(callback as Callback, values);
  };
  setTimer(timeout.id, milliseconds, fire);
  return timeout;
}

function clear(timeout: unknown): void {
  clearTimer(Number(timeout));
}

const sleep = (ms?: number, value?: unknown): Promise<unknown> =>
  new Promise((resolve) => schedule(resolve, ms, [value], false));

/** Timers as Node has them, and the module timers/promises. */
export function installTimers(): { timers: object; promises: object } {
  const timers = {
    setTimeout: (callback: unknown, ms?: unknown, ...values: unknown[]) =>
      schedule(callback, ms, values, false),
    setInterval: (callback: unknown, ms?: unknown, ...values: unknown[]) =>
      schedule(callback, ms, values, true),
    setImmediate: (callback: unknown, ...values: unknown[]) => schedule(callback, 0, values, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  define(globalThis, timers);
  define(globalThis, {
    queueMicrotask: (callback: () => void) => {
      void Promise.resolve().then(() => guarded(callback, []));
    },
  });
  const promises = {
    setTimeout: sleep,
    setImmediate: (value?: unknown) => sleep(0, value),
    scheduler: { wait: (ms: number) => sleep(ms) },
  };
  return { timers: { ...timers, promises }, promises };
}
