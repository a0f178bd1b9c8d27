import type { Program } from "acorn";
import { err, ok, type Result } from "../../../../shared/result.ts";
import { agentFile } from "../protocol.ts";
import { type Columns, columnsOf } from "./columns.ts";
import { editCommonJs, editProgram } from "./edit_program.ts";
import type { Edit, Target } from "./edits.ts";
import { parseProgram } from "./parser.ts";

/** A runnable program: an expression whose value is an async function, with its lines kept. */
export interface PreparedProgram {
  source: string;
  firstLineShift: number;
  columns: Columns;
  isModule: boolean;
}

/** Why a text is not a valid program, and where. */
export interface SyntaxProblem {
  name: "SyntaxError";
  message: string;
  stack: string;
}

export type Prepared = Result<PreparedProgram, SyntaxProblem>;

/**
 * Wraps a program as `async function (__import, __exports, module, exports) { … }`, whose result is the
 * value of its last expression, what it returns, or `[[default]]` of __exports.
 *
 * Code with `import` or `export` is strict, as a module is; other code is sloppy, as a
 * script is, because models assign to undeclared names. A function scope rather than a
 * global one makes top-level variables locals, which run three times as fast.
 */
export function transform(code: string, target: Target = "quickjs"): Prepared {
  const text = asExpression(code) ?? code;
  let parsed: Program;
  let isModule = false;
  try {
    parsed = parseProgram(text, "script");
  } catch (scriptError) {
    try {
      parsed = parseProgram(text, "module");
      isModule = true;
    } catch (moduleError) {
      const usesModules = /^\s*(import|export)\b/m.test(text);
      return err(problemOf(text, usesModules ? moduleError : scriptError));
    }
  }
  const { edits, imports } = editProgram(text, parsed, target);
  const prefix = `(async function(__import,__exports,module,exports){${isModule ? '"use strict";' : ""}${imports}`;
  return ok({
    source: `${prefix}${apply(text, edits)}\n})`,
    firstLineShift: edits
      .filter(({ start }) => start === 0)
      .reduce((sum, entry) => sum + entry.text.length, prefix.length),
    columns: columnsOf(text, edits, prefix.length),
    isModule,
  });
}

/** Converts a CommonJS module of the workspace to the function that Node makes of it. */
export function transformCommonJs(text: string): Result<string, SyntaxProblem> {
  try {
    const edits = editCommonJs(text, parseProgram(text, "script"));
    const head = "(function(exports,require,module,__filename,__dirname,__import){";
    return ok(`${head}${apply(text, edits)}\n})`);
  } catch (error) {
    return err(problemOf(text, error));
  }
}

/** A program that is only `{a: 1}` is an object, and a program that is only a function is called: that is what authors mean. */
function asExpression(code: string): string | null {
  const trimmed = code.trim();
  const looksLikeObject = trimmed.startsWith("{") && trimmed.endsWith("}");
  const looksLikeFunction = /^\(?\s*(async\b|function\b|\()/.test(trimmed);
  if (!looksLikeObject && !looksLikeFunction) return null;
  const bare = trimmed.replace(/;+$/, "");
  const start = code.indexOf(trimmed);
  const parenthesised = `${code.slice(0, start)}(${bare})`;
  try {
    const body = parseProgram(parenthesised, "script").body;
    const statement = body.length === 1 ? body[0] : undefined;
    if (statement?.type !== "ExpressionStatement") return null;
    let expression = statement.expression;
    while (expression.type === "ParenthesizedExpression") expression = expression.expression;
    if (expression.type === "ObjectExpression") return looksLikeObject ? parenthesised : null;
    if (expression.type !== "ArrowFunctionExpression" && expression.type !== "FunctionExpression") {
      return null;
    }
    return expression.params.length === 0 ? `${parenthesised}()` : null;
  } catch {
    return null;
  }
}

function apply(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let position = 0;
  for (const { start, end, text: replacement } of edits) {
    parts.push(text.slice(position, start), replacement);
    position = end;
  }
  parts.push(text.slice(position));
  return parts.join("");
}

function problemOf(text: string, error: unknown): SyntaxProblem {
  if (!(error instanceof SyntaxError)) {
    // The parser's recursion was too deep, because the program is nested too deeply.
    return { name: "SyntaxError", message: "The code is nested too deeply.", stack: "" };
  }
  const position = "loc" in error ? (error.loc as { line: number; column: number }) : null;
  const message = error.message.replace(/ \(\d+:\d+\)$/, "");
  if (position === null) return { name: "SyntaxError", message, stack: "" };
  const line = (text.split("\n")[position.line - 1] ?? "").slice(0, 200);
  const pointer = `${" ".repeat(Math.min(position.column, 200))}^`;
  return {
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
