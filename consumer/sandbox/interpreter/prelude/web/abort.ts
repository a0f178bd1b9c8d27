import { define } from "../bridge.ts";
import { clearTimer, nextId, setTimer } from "../pending.ts";

const codes: Record<string, number> = {
  InvalidCharacterError: 5,
  SyntaxError: 12,
  AbortError: 20,
  QuotaExceededError: 22,
  TimeoutError: 23,
  DataCloneError: 25,
};

export class DOMException extends Error {
  constructor(message = "", name = "Error") {
    super(String(message));
    Object.defineProperty(this, "name", { value: String(name), configurable: true });
  }
  get code(): number {
    return codes[this.name] ?? 0;
  }
}

export class Event {
  readonly type: string;
  readonly timeStamp = Date.now();
  target: unknown = null;
  defaultPrevented = false;
  constructor(type: string, init: object = {}) {
    this.type = String(type);
    Object.assign(this, init);
  }
  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

class CustomEvent extends Event {
  declare detail: unknown;
}

type Listener = ((event: Event) => void) | { handleEvent(event: Event): void };

export class EventTarget {
  readonly #listeners = new Map<string, Map<Listener, boolean>>();

  addEventListener(type: string, listener: Listener, options?: { once?: boolean } | boolean): void {
    const once = typeof options === "object" && options?.once === true;
    const list = this.#listeners.get(type) ?? new Map<Listener, boolean>();
    if (listener && !list.has(listener)) list.set(listener, once);
    this.#listeners.set(type, list);
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  dispatchEvent(event: Event): boolean {
    event.target = this;
    const handler: unknown = Reflect.get(this, `on${event.type}`);
    if (typeof handler === "function") handler.call(this, event);
    for (const [listener, once] of [...(this.#listeners.get(event.type) ?? [])]) {
      if (once) this.removeEventListener(event.type, listener);
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    }
    return !event.defaultPrevented;
  }
}

const key = Symbol("abort");

export class AbortSignal extends EventTarget {
  aborted = false;
  reason: unknown = undefined;
  onabort: ((event: Event) => void) | null = null;

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  [key](reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason =
      reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
    this.dispatchEvent(new Event("abort"));
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal();
    signal[key](reason);
    return signal;
  }

  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal();
    const id = nextId();
    const text = "The operation was aborted due to timeout";
    setTimer(id, ms, () => signal[key](new DOMException(text, "TimeoutError")));
    // What nobody listens to any more must not keep the program alive.
    timeouts.add(id);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const joined = new AbortSignal();
    for (const signal of signals) {
      if (signal.aborted) joined[key](signal.reason);
      else signal.addEventListener("abort", () => joined[key](signal.reason), { once: true });
    }
    return joined;
  }
}

const timeouts = new Set<number>();

/** Clears the timers of AbortSignal.timeout, which never keep a program alive. */
export function dropTimeouts(): void {
  for (const id of timeouts) clearTimer(id);
  timeouts.clear();
}

export class AbortController {
  readonly signal = new AbortSignal();
  abort(reason?: unknown): void {
    this.signal[key](reason);
  }
}

export function installAbort(): void {
  define(globalThis, {
    DOMException,
    Event,
    CustomEvent,
    EventTarget,
    AbortSignal,
    AbortController,
  });
}
