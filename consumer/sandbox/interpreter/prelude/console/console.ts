import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";
import { errorText, inspect } from "./inspect.ts";
import { numberText } from "./scalars.ts";
import { table } from "./table.ts";

let indent = "";

function print(text: string): void {
  ask(op.log, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
}

/** Several values as console.log writes them: a format string, then the rest, spaced. */
export function formatLine(...values: unknown[]): string {
  const [first] = values;
  let parts: unknown[] = values;
  let text = "";
  if (typeof first === "string" && values.length > 1) {
    let next = 1;
    text = first.replace(/%[sdifjoOc%]/g, (token) => {
      if (token === "%%") return "%";
      if (next >= values.length) return token;
      return directive(token, values[next++]);
    });
    parts = values.slice(next);
    if (parts.length === 0) return text;
    return `${text} ${parts.map(shown).join(" ")}`;
  }
  return parts.map(shown).join(" ");
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : inspect(value);
}

function directive(token: string, value: unknown): string {
  switch (token) {
    case "%s":
      if (typeof value === "number") return numberText(value);
      if (typeof value === "bigint") return `${value}n`;
      if (value instanceof Error) return errorText(value);
      if (typeof value !== "object" || value === null) return String(value);
      return typeof value.toString === "function" && value.toString !== Object.prototype.toString
        ? String(value)
        : inspect(value, { depth: 0 });
    case "%d":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "object" || typeof value === "symbol"
        ? "NaN"
        : numberText(Number(value));
    case "%i":
      return typeof value === "bigint"
        ? `${value}n`
        : numberText(Number.parseInt(String(value), 10));
    case "%f":
      return numberText(Number.parseFloat(String(value)));
    case "%j":
      return JSON.stringify(value) ?? "undefined";
    case "%o":
      return inspect(value, { depth: 4, showHidden: true });
    case "%O":
      return inspect(value);
    default:
      return "";
  }
}

/** The console: every method writes to the one output of the run. */
export function installConsole(now: () => number): object {
  const counts = new Map<string, number>();
  const starts = new Map<string, number>();
  const log = (...values: unknown[]): void => print(formatLine(...values));
  const elapsed = (label: string): string => `${label}: ${now() - (starts.get(label) ?? now())}ms`;
  const group = (...values: unknown[]): void => {
    if (values.length > 0) log(...values);
    indent += "  ";
  };
  const methods = {
    log,
    info: log,
    debug: log,
    warn: log,
    error: log,
    trace: (...values: unknown[]) => log("Trace:", ...values),
    dir: (value: unknown, options?: object) => print(inspect(value, options)),
    dirxml: log,
    table: (data: unknown, columns?: string[]) => {
      const text = table(data, columns);
      if (text === null) log(data);
      else print(text);
    },
    assert: (condition?: unknown, ...values: unknown[]) => {
      if (condition) return;
      const [first, ...rest] = values;
      if (values.length === 0) log("Assertion failed");
      else if (typeof first === "string") log(`Assertion failed: ${first}`, ...rest);
      else log("Assertion failed:", ...values);
    },
    count: (label = "default") => {
      const next = (counts.get(`${label}`) ?? 0) + 1;
      counts.set(`${label}`, next);
      log(`${label}: ${next}`);
    },
    countReset: (label = "default") => {
      counts.delete(`${label}`);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => {
      indent = indent.slice(2);
    },
    time: (label = "default") => {
      starts.set(`${label}`, now());
    },
    timeLog: (label = "default", ...values: unknown[]) => log(elapsed(`${label}`), ...values),
    timeEnd: (label = "default") => {
      log(elapsed(`${label}`));
      starts.delete(`${label}`);
    },
  };
  define(globalThis, { console: methods });
  return methods;
}
