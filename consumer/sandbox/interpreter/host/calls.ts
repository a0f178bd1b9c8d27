import { sandboxLimits } from "../../../../shared/limits.ts";
import type { FileChanges, GuestRequest, GuestResponse, ToolAnswer } from "../../engine.ts";
import { callSubtle } from "./operations/subtle.ts";
import { parseJson } from "./outcome.ts";
import type { Workspace } from "./workspace.ts";

/** Receives the calls of a run; see Host in run.ts. */
interface Callee {
  fetch(request: GuestRequest): Promise<GuestResponse>;
  call(tool: string, argumentsJson: string, changes: FileChanges): Promise<ToolAnswer>;
  aborted(): Promise<void>;
}

/** An answer on its way into the program: `[id, ok, value]` as JSON, and a body. */
export interface Answer {
  text: string;
  bytes: Uint8Array | null;
}

/** A call that waits for its turn, and what it holds meanwhile. */
interface Waiting {
  bytes: number;
  work: () => Promise<void>;
}

/**
 * The host calls of one run: started by the program, a few at once, answered in order of arrival. The
 * programs of several tasks share the memory around them, so what one's calls may hold is bounded.
 */
export class Calls {
  readonly #host: Callee;
  readonly #workspace: Workspace;
  readonly #waiting: Waiting[] = [];
  readonly #answers: Answer[] = [];
  readonly #roomless: (() => void)[] = [];
  #running = 0;
  /** The bytes of arguments and bodies of unanswered calls, and of the files that those calls handed over. */
  #heldBytes = 0;
  #handedBytes = 0;
  #wake: (() => void) | null = null;
  #watching: (Promise<void> & Partial<Disposable>) | null = null;
  #closed = false;
  wasAborted = false;
  started = 0;

  constructor(host: Callee, workspace: Workspace) {
    this.#host = host;
    this.#workspace = workspace;
  }

  /** The number of calls without an answer. */
  get pending(): number {
    return this.#running + this.#waiting.length + this.#answers.length;
  }

  takeAnswer(): Answer | undefined {
    return this.#answers.shift();
  }

  /**
   * Starts `[id, "tool", name, argumentsJson]`, `[id, "fetch", url, method, headers]` or
   * `[id, "subtle", method, argumentsJson]`, which `charge` is paid for.
   */
  start(
    text: string,
    body: Uint8Array | null,
    charge: (units: number) => void = () => {},
  ): string | undefined {
    const value = parseJson(text);
    const [id, kind, first, second, third] = Array.isArray(value) ? value : [];
    if (kind === "subtle") {
      this.#subtle(Number(id), String(first), String(second), charge);
      return undefined;
    }
    this.started += 1;
    if (this.started > sandboxLimits.hostCallsMax)
      return refusal(`The program made more than ${sandboxLimits.hostCallsMax} calls.`);
    const bytes = text.length + (body?.length ?? 0);
    if (this.#heldBytes + bytes > sandboxLimits.hostCallBytesMax)
      return refusal(
        `Calls without an answer may hold ${sandboxLimits.hostCallBytesMax} bytes: await some first.`,
      );
    const work =
      kind === "fetch"
        ? () => this.#fetch(Number(id), requestOf(first, second, third, body))
        : () => this.#tool(Number(id), String(first), String(second));
    this.#heldBytes += bytes;
    this.#waiting.push({ bytes, work });
    this.#next();
    return undefined;
  }

  /** Resolves at the next answer, at an abort, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (this.#watching === null) {
      this.#watching = this.#host.aborted();
      this.#watching.then(
        () => this.#abort(),
        () => this.#abort(),
      );
    }
    if (this.#answers.length > 0 || this.wasAborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    this.#wake = null;
  }

  /** Ends the run's side: later answers are dropped. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#watching?.[Symbol.dispose]?.();
  }

  /** Ends a wait for answers before its time. */
  wakeUp(): void {
    this.#wake?.();
  }

  #abort(): void {
    if (this.#closed) return;
    this.wasAborted = true;
    this.#wake?.();
  }

  #next(): void {
    while (this.#running < sandboxLimits.hostCallsInFlightMax) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running += 1;
      void this.#perform(next);
    }
  }

  async #perform({ bytes, work }: Waiting): Promise<void> {
    await work();
    this.#running -= 1;
    this.#heldBytes -= bytes;
    this.#next();
    this.#wake?.();
  }

  /** Calls the platform's WebCrypto directly; the consumer takes no part. */
  #subtle(
    id: number,
    method: string,
    argumentsJson: string,
    charge: (units: number) => void,
  ): void {
    const work = callSubtle(method, argumentsJson, charge);
    this.#running += 1;
    void work.then(({ text, bytes }) => {
      this.#running -= 1;
      this.#deliver([id, true, text], bytes);
      this.#wake?.();
    });
  }

  #deliver(text: unknown, bytes: Uint8Array | null): void {
    if (!this.#closed) this.#answers.push({ text: JSON.stringify(text), bytes });
  }

  async #tool(id: number, name: string, argumentsJson: string): Promise<void> {
    while (!this.#hasRoom()) await new Promise<void>((room) => this.#roomless.push(room));
    if (this.#closed) return;
    const bytes = this.#workspace.changedBytes;
    const changes = this.#workspace.handOver();
    this.#handedBytes += bytes;
    try {
      const answer = await this.#host.call(name, argumentsJson, changes);
      this.#workspace.settle(changes, answer.kept !== false, answer.changes);
      this.#deliver([id, answer.ok, answer.ok ? answer.json : answer.message], null);
    } catch (error) {
      this.#workspace.settle(changes, false);
      this.#deliver([id, false, reason(error)], null);
    } finally {
      this.#handedBytes -= bytes;
      for (const room of this.#roomless.splice(0)) room();
    }
  }

  /** Whether the changes fit together with those of running calls; without running calls they always fit. */
  #hasRoom(): boolean {
    if (this.#closed || this.#handedBytes === 0) return true;
    return this.#handedBytes + this.#workspace.changedBytes <= sandboxLimits.hostCallBytesMax;
  }

  async #fetch(id: number, request: GuestRequest): Promise<void> {
    try {
      const { url, status, statusText, headers, body } = await this.#host.fetch(request);
      this.#deliver([id, true, { url, status, statusText, headers }], body);
    } catch (error) {
      this.#deliver([id, false, reason(error)], null);
    }
  }
}

const refusal = (message: string): string => `!${JSON.stringify({ name: "Error", message })}`;

function requestOf(
  url: unknown,
  method: unknown,
  headers: unknown,
  body: Uint8Array | null,
): GuestRequest {
  const list = Array.isArray(headers) ? headers : [];
  return {
    url: String(url),
    method: String(method),
    headers: list.flatMap((entry) =>
      Array.isArray(entry) ? [[String(entry[0]), String(entry[1])] as [string, string]] : [],
    ),
    body,
  };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : "The call failed.";
}
