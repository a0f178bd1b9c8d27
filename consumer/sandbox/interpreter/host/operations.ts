import { createHash, createHmac } from "node:crypto";
import { IntlServices } from "./intl.ts";
import type { HostAnswer } from "../quickjs/machine.ts";
import { op, urlParts } from "../protocol.ts";
import { transform } from "../transform/transform.ts";
import { FileError, type Workspace } from "./workspace.ts";

/** Fuel for work outside the interpreter: a flat price for each call and one by size. */
const callFuel = 200;
const intlFuel = 1_000;
const formatterFuel = 40_000;
const bytesPerFuel = 16;

const utf8 = new TextEncoder();

/**
 * The operations that the isolate does for a program at once: files, encodings, URLs, Intl,
 * digests and randomness. Arguments come from a hostile program: each is checked here.
 * What is wrong with them is answered as an error to throw, never thrown.
 */
export class Operations {
  readonly #workspace: Workspace;
  readonly #charge: (units: number) => void;
  readonly #intl: IntlServices;

  constructor(workspace: Workspace, charge: (units: number) => void) {
    this.#workspace = workspace;
    this.#charge = charge;
    this.#intl = new IntlServices(() => charge(formatterFuel));
  }

  answer(code: number, text: string, bytes: Uint8Array | null): HostAnswer {
    this.#charge(callFuel + (text.length + (bytes?.length ?? 0)) / bytesPerFuel);
    let answer: HostAnswer;
    try {
      const list: unknown = JSON.parse(text);
      const values = Array.isArray(list) ? list : [];
      answer = this.#perform(code, values, bytes ?? new Uint8Array(0));
    } catch (error) {
      return problem(error);
    }
    this.#charge((answer?.length ?? 0) / bytesPerFuel);
    return answer;
  }

  #perform(code: number, values: readonly unknown[], bytes: Uint8Array): HostAnswer {
    switch (code) {
      case op.files:
        return this.#files(values, bytes);
      case op.text:
        return encoding(values, bytes);
      case op.url:
        return parseUrl(values);
      case op.intl:
        this.#charge(intlFuel);
        return `=${JSON.stringify(this.#intl.answer(values) ?? null)}`;
      case op.digest: {
        const [algorithm, key] = values.map(String);
        const name = (algorithm ?? "").toLowerCase().replace(/^(sha)-/, "$1");
        const hash = key === undefined ? createHash(name) : createHmac(name, unlatin(key));
        return new Uint8Array(hash.update(bytes).digest());
      }
      case op.random:
        return crypto.getRandomValues(
          new Uint8Array(Math.min(65_536, Math.max(0, Number(values[0]) || 0))),
        );
      case op.module: {
        const prepared = transform(String(values[0]));
        if (!prepared.ok) throw new SyntaxError(prepared.message);
        return `=${JSON.stringify(prepared.source)}`;
      }
      default:
        throw new TypeError("There is no such operation.");
    }
  }

  #files(values: readonly unknown[], bytes: Uint8Array): HostAnswer {
    const [method, path, other] = values.map(String);
    const at = path ?? "";
    const workspace = this.#workspace;
    switch (method) {
      case "read":
        return workspace.read(at);
      case "write":
        workspace.write(at, bytes);
        return undefined;
      case "append": {
        const before =
          workspace.entry(at)?.kind === "file" ? workspace.read(at) : new Uint8Array(0);
        const joined = new Uint8Array(before.length + bytes.length);
        joined.set(before);
        joined.set(bytes, before.length);
        this.#charge(joined.length / bytesPerFuel);
        workspace.write(at, joined);
        return undefined;
      }
      case "entry":
        return `=${JSON.stringify(workspace.entry(at))}`;
      case "list":
        return `=${JSON.stringify(workspace.list(at))}`;
      case "remove":
        workspace.remove(at);
        return undefined;
      case "rename":
        workspace.rename(at, other ?? "");
        return undefined;
      case "remove_tree":
        workspace.removeTree(at);
        return undefined;
      case "remove_directory":
        workspace.removeDirectory(at);
        return undefined;
      case "make_directory":
        workspace.makeDirectory(at, other === "true");
        return undefined;
      default:
        throw new TypeError("There is no such file operation.");
    }
  }
}

export function problem(error: unknown): string {
  if (error instanceof FileError) {
    return `!${JSON.stringify({ name: "Error", ...error.problem })}`;
  }
  // Halt and the interpreter's own traps end the run and must not be turned into answers.
  if (
    !(error instanceof Error) ||
    error.name === "Halt" ||
    error instanceof WebAssembly.RuntimeError
  ) {
    throw error;
  }
  const name = ["TypeError", "RangeError", "SyntaxError", "URIError"].includes(error.name)
    ? error.name
    : "Error";
  return `!${JSON.stringify({ name, message: error.message })}`;
}

function encoding(values: readonly unknown[], bytes: Uint8Array): HostAnswer {
  const [method, text, fatal] = values;
  const source = typeof text === "string" ? text : "";
  switch (method) {
    case "encode":
      return utf8.encode(source);
    case "decode": {
      const decoder = new TextDecoder(source, {
        fatal: fatal === true,
        ignoreBOM: values[3] === true,
      });
      return `=${JSON.stringify(decoder.decode(bytes))}`;
    }
    case "to_base64":
      return `=${JSON.stringify(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"))}`;
    case "from_base64":
      return new Uint8Array(Buffer.from(source, "base64"));
    case "latin1":
      return unlatin(source);
    case "unlatin1":
      return `=${JSON.stringify(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"))}`;
    default:
      throw new TypeError("There is no such encoding.");
  }
}

function unlatin(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

function parseUrl(values: readonly unknown[]): string {
  const [href, base, part, value] = values;
  const url = typeof base === "string" ? new URL(String(href), base) : new URL(String(href));
  const settable = urlParts.find((name) => name === part);
  if (settable) url[settable] = String(value);
  const fields = urlParts.map((name) => url[name]);
  return `=${JSON.stringify([...fields, url.origin])}`;
}
