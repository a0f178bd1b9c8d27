import { defineLazily } from "../bridge.ts";

/** The method that moves an object's state to another object of its class, and returns that. */
export const transferSymbol = Symbol("transfer");

/** MessageChannel inside one program: each message is cloned and arrives in a separate task. */
export function installMessages(): void {
  let classes: Record<string, unknown> | undefined;
  const getClasses = (): Record<string, unknown> => (classes ??= makeClasses());
  defineLazily(globalThis, {
    MessageChannel: () => getClasses().MessageChannel,
    MessagePort: () => getClasses().MessagePort,
    MessageEvent: () => getClasses().MessageEvent,
  });
}

function makeEventClass() {
  return class MessageEvent extends Event {
    readonly data: unknown;
    readonly origin = "";
    readonly lastEventId = "";
    readonly source = null;
    readonly ports: readonly unknown[];
    constructor(type: string, init: { data?: unknown; ports?: unknown[] } & EventInit = {}) {
      super(type, init);
      this.data = init.data ?? null;
      this.ports = Object.freeze([...(init.ports ?? [])]);
    }
  };
}

function makeClasses(): Record<string, unknown> {
  const MessageEvent = makeEventClass();
  class MessagePort extends EventTarget {
    #peer: MessagePort | null = null;
    #waiting: [data: unknown, ports: unknown[]][] | null = [];
    #isDetached = false;
    #handler: ((event: Event) => void) | null = null;
    static join(a: MessagePort, b: MessagePort): void {
      a.#peer = b;
      b.#peer = a;
    }
    get onmessage(): ((event: Event) => void) | null {
      return this.#handler;
    }
    set onmessage(handler) {
      if (this.#handler) this.removeEventListener("message", this.#handler);
      this.#handler = handler;
      if (handler) this.addEventListener("message", handler);
      this.start();
    }
    on(name: string, listener: (data: unknown) => void): this {
      this.addEventListener(name, (event) => listener(Reflect.get(event, "data")));
      this.start();
      return this;
    }
    get [Symbol.toStringTag](): string {
      return "MessagePort";
    }
    [transferSymbol](): MessagePort {
      if (this.#isDetached) throw new DOMException("The port is detached.", "DataCloneError");
      const port = new MessagePort();
      port.#waiting = this.#waiting ?? [];
      if (this.#peer !== null) MessagePort.join(port, this.#peer);
      this.#peer = null;
      this.#isDetached = true;
      return port;
    }
    postMessage(value: unknown, given?: unknown): void {
      const transfer = Array.isArray(given)
        ? given
        : ((given as { transfer?: unknown[] } | undefined)?.transfer ?? []);
      // The ports are cloned with the message, so that both name the same objects.
      const [data, ...moved] = structuredClone([value, ...transfer], { transfer }) as unknown[];
      const ports = moved.filter((item) => item instanceof MessagePort);
      if (this.#peer !== null) this.#peer.#receive(data, ports);
    }
    start(): void {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const [data, ports] of waiting) this.#receive(data, ports);
    }
    close(): void {
      this.#peer = null;
    }
    ref(): void {}
    unref(): void {}
    #receive(data: unknown, ports: unknown[]): void {
      if (this.#waiting) this.#waiting.push([data, ports]);
      else setImmediate(() => this.dispatchEvent(new MessageEvent("message", { data, ports })));
    }
  }
  class MessageChannel {
    readonly port1 = new MessagePort();
    readonly port2 = new MessagePort();
    constructor() {
      MessagePort.join(this.port1, this.port2);
    }
  }
  return { MessageEvent, MessagePort, MessageChannel };
}
