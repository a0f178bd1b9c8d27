/** Grades outputs with a program of the evaluation's author, each in a metered run of its own that reaches nothing. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { evalLimits, sandboxLimits } from "../../shared/limits.ts";
import { parseJson } from "../../shared/text/json.ts";
import type { ConsumerEnv } from "../config/env.ts";
import type { Capabilities } from "../sandbox/engine.ts";
import { meteredEngine } from "../sandbox/index.ts";

const GradeRequest = Type.Object({
  code: Type.String({ maxLength: evalLimits.programCharsMax }),
  /** JSON texts of `{output, row}`. */
  cases: Type.Array(Type.String(), { maxItems: evalLimits.programCasesPerCall }),
});
export type GradeRequest = Static<typeof GradeRequest>;

/** Between 0 and 1; null where the program failed or returned something else. */
export interface ProgramGrades {
  scores: (number | null)[];
}

/** Null where the request is invalid. */
export async function gradeWithProgram(
  request: unknown,
  env: ConsumerEnv,
): Promise<ProgramGrades | null> {
  if (!Value.Check(GradeRequest, request)) return null;
  const { code, cases } = request;
  const scores: (number | null)[] = [];
  for (const text of cases) scores.push(await gradeCase(code, text, env));
  return { scores };
}

async function gradeCase(code: string, text: string, env: ConsumerEnv): Promise<number | null> {
  const files = new Map([["case.json", new TextEncoder().encode(text)]]);
  const program = { code: wrap(code), files, tools: [] };
  try {
    const outcome = await meteredEngine(env).run(
      program,
      nothing,
      bounds,
      new AbortController().signal,
    );
    return outcome.error === null && outcome.value !== null
      ? scoreOf(parseJson(outcome.value))
      : null;
  } catch {
    // The engine failed, not the program: this case has no grade.
    return null;
  }
}

/** The program is the body of an async function of `output` and `row`. */
const wrap = (code: string): string => `
const input = JSON.parse(require("node:fs").readFileSync("case.json", "utf8"));
const grade = async ({ output, row }) => {
${code}
};
JSON.stringify({ result: (await grade(input)) ?? null });`;

/** True is 1, false or a sentence (why it is wrong) 0, a number itself. */
function scoreOf(value: unknown): number | null {
  const result = typeof value === "object" && value !== null ? Reflect.get(value, "result") : null;
  if (typeof result === "number") return Math.min(1, Math.max(0, result));
  if (typeof result === "boolean") return result ? 1 : 0;
  return typeof result === "string" ? 0 : null;
}

const bounds = {
  fuel: sandboxLimits.fuelMax,
  memoryBytes: sandboxLimits.memoryBytesMax,
  wallMs: evalLimits.programMsMax,
  logBytes: 0,
  valueBytes: evalLimits.programValueBytesMax,
};

const nothing: Capabilities = {
  fetch: () => Promise.reject(new Error("A grader has no network.")),
  call: async () => ({ ok: false, message: "A grader calls no tools." }),
};
