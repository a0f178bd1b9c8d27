import { op } from "../../protocol.ts";
import type { HostAnswer } from "../../quickjs/machine.ts";
import { FileError } from "../workspace.ts";
import { cryptoOperations } from "./crypto.ts";
import { fileOperations } from "./files.ts";
import { intlOperations } from "./intl.ts";
import { IntlServices } from "./intl_services.ts";
import type { Answer, Context, Operation } from "./operation.ts";
import { sourceOperations } from "./source.ts";
import { textOperations } from "./text.ts";
import { urlOperations } from "./url.ts";
import { zlibOperations } from "./zlib.ts";

const operations: Record<number, Operation> = {
  ...fileOperations,
  ...textOperations,
  ...urlOperations,
  ...intlOperations,
  ...cryptoOperations,
  ...zlibOperations,
  ...sourceOperations,
};

/** The fuel that each call costs, and the bytes per further unit. */
const callFuel = 200;
const bytesPerFuel = 16;
/** Shorter texts are sent as JSON, because fetching a text that was set aside costs another call. */
const shortText = 1_000;

const utf8 = new TextEncoder();
const noBytes = new Uint8Array(0);

/**
 * The operations that the isolate does for a program at once. Arguments come from a hostile program: each
 * is checked here. What is wrong with them is answered as an error to throw, never thrown.
 */
export class Operations {
  readonly #context: Context;
  #setAside = "";

  constructor(context: Omit<Context, "intl">) {
    this.#context = { ...context, intl: new IntlServices(context.charge) };
  }

  answer(code: number, text: string, bytes: Uint8Array | null): HostAnswer {
    if (code === op.take) return this.#take();
    this.#context.charge(callFuel + (text.length + (bytes?.length ?? 0)) / bytesPerFuel);
    if (code === op.utf8) return utf8.encode(text);
    let answer: HostAnswer;
    try {
      const operation = operations[code];
      if (operation === undefined) throw new TypeError("There is no such operation.");
      const list: unknown = JSON.parse(text);
      const values = Array.isArray(list) ? list : [];
      this.#context.charge(operation.price(values, bytes ?? noBytes));
      answer = this.#pack(operation.perform(values, bytes ?? noBytes, this.#context));
    } catch (error) {
      return problem(error);
    }
    this.#context.charge((answer?.length ?? 0) / bytesPerFuel);
    return answer;
  }

  #pack(answer: Answer): HostAnswer {
    if (answer === undefined || answer instanceof Uint8Array) return answer;
    if ("value" in answer) return `=${JSON.stringify(answer.value ?? null)}`;
    const { text } = answer;
    if (text.length < shortText || !text.isWellFormed()) return `=${JSON.stringify(text)}`;
    this.#context.charge(text.length / bytesPerFuel);
    // A C string ends at a NUL, so NUL is replaced by a character that the text does not contain.
    const mark = text.includes("\0") ? unusedIn(text) : "";
    this.#setAside = mark === "" ? text : text.replaceAll("\0", mark);
    return `~${mark}`;
  }

  #take(): string {
    const text = this.#setAside;
    this.#setAside = "";
    return text;
  }
}

function unusedIn(text: string): string {
  for (let code = 0xe000; code < 0xf8ff; code += 1) {
    const mark = String.fromCharCode(code);
    if (!text.includes(mark)) return mark;
  }
  throw new RangeError("The text cannot be decoded in one piece: decode parts of it.");
}

/** The error that the program will throw. An error that ends the run is thrown here instead. */
function problem(error: unknown): string {
  if (error instanceof FileError) {
    return `!${JSON.stringify({ name: "Error", ...error.problem })}`;
  }
  // A halt or a trap of the interpreter ends the run and must not become an answer.
  if (
    !(error instanceof Error) ||
    error.name === "Halt" ||
    error instanceof WebAssembly.RuntimeError
  ) {
    throw error;
  }
  const names = ["TypeError", "RangeError", "SyntaxError", "URIError"];
  const name = names.includes(error.name) ? error.name : "Error";
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return `!${JSON.stringify({ name, message: error.message, ...(typeof code === "string" ? { code } : {}), ...(typeof errno === "number" ? { errno } : {}) })}`;
}
