import { type Options, type Program, parse } from "acorn";
import { type Edit, edit } from "./edit.ts";
import { agentFile } from "../protocol.ts";

/** A program made runnable: an expression whose value is an async function, lines kept. */
export type Prepared =
  | { ok: true; source: string; firstLineShift: number }
  | { ok: false; name: "SyntaxError"; message: string; stack: string };

const options: Options = {
  ecmaVersion: "latest",
  allowAwaitOutsideFunction: true,
  allowReturnOutsideFunction: true,
  allowHashBang: true,
  preserveParens: true,
};

/**
 * Wraps a program as `async (__import, __exports, module) => { … }`, whose result is the
 * value of its last expression, what it returns, or `[[default]]` of __exports.
 *
 * Code with `import` or `export` is strict, as a module is; other code is sloppy, as a
 * script is, because models assign to undeclared names. A function scope rather than a
 * global one makes top-level variables locals, which run three times as fast.
 */
export function transform(code: string): Prepared {
  const text = asExpression(code) ?? code;
  let parsed: Program;
  let isModule = false;
  try {
    parsed = parse(text, { ...options, sourceType: "script" });
  } catch (scriptError) {
    try {
      parsed = parse(text, { ...options, sourceType: "module" });
      isModule = true;
    } catch (moduleError) {
      const usesModules = /^\s*(import|export)\b/m.test(text);
      return refused(text, usesModules ? moduleError : scriptError);
    }
  }
  const { edits, imports } = edit(text, parsed);
  const prefix = `(async(__import,__exports,module)=>{${isModule ? '"use strict";' : ""}${imports}`;
  return {
    ok: true,
    source: `${prefix}${apply(text, edits)}\n})`,
    firstLineShift: edits
      .filter(({ start }) => start === 0)
      .reduce((sum, entry) => sum + entry.text.length, prefix.length),
  };
}

/** `{a: 1}` alone is an object, and a function alone is called, as their authors mean them. */
function asExpression(code: string): string | null {
  const trimmed = code.trim();
  const looksLikeObject = trimmed.startsWith("{") && trimmed.endsWith("}");
  const looksLikeFunction = /^\(?\s*(async\b|function\b|\()/.test(trimmed);
  if (!looksLikeObject && !looksLikeFunction) return null;
  const bare = trimmed.replace(/;+$/, "");
  const at = code.indexOf(trimmed);
  const wrapped = `${code.slice(0, at)}(${bare})`;
  try {
    const body = parse(wrapped, { ...options, sourceType: "script" }).body;
    const only = body.length === 1 ? body[0] : undefined;
    if (only?.type !== "ExpressionStatement") return null;
    let expression = only.expression;
    while (expression.type === "ParenthesizedExpression") expression = expression.expression;
    if (expression.type === "ObjectExpression") return looksLikeObject ? wrapped : null;
    if (expression.type !== "ArrowFunctionExpression" && expression.type !== "FunctionExpression") {
      return null;
    }
    return expression.params.length === 0 ? `${wrapped}()` : null;
  } catch {
    return null;
  }
}

function apply(text: string, edits: Edit[]): string {
  const ordered = edits
    .map((entry, index) => ({ ...entry, index }))
    .sort((a, b) => a.start - b.start || a.end - b.end || a.index - b.index);
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: replacement } of ordered) {
    parts.push(text.slice(at, start), replacement);
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join("");
}

function refused(text: string, error: unknown): Prepared {
  if (!(error instanceof SyntaxError)) {
    // The parser recursed too deep: the nesting is the program's fault.
    return { ok: false, name: "SyntaxError", message: "The code is nested too deeply.", stack: "" };
  }
  const position = "loc" in error ? (error.loc as { line: number; column: number }) : null;
  const message = error.message.replace(/ \(\d+:\d+\)$/, "");
  if (position === null) return { ok: false, name: "SyntaxError", message, stack: "" };
  const line = (text.split("\n")[position.line - 1] ?? "").slice(0, 200);
  const pointer = `${" ".repeat(Math.min(position.column, 200))}^`;
  return {
    ok: false,
    name: "SyntaxError",
    message: `${message} (${agentFile}:${position.line}:${position.column + 1})${typeHint(line)}`,
    stack: `${agentFile}:${position.line}\n${line}\n${pointer}`,
  };
}

function typeHint(line: string): string {
  const looksTyped =
    /^\s*(interface|type|enum|declare|abstract)\s+\w|\w\s*:\s*(string|number|boolean|any|void|unknown|Record|Promise|Array)\b|\bas\s+\w/;
  return looksTyped.test(line) ? ". Write JavaScript: type annotations are not supported" : "";
}
