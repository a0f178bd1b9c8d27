import { isRecord, type Json } from "../../../shared/text/json.ts";
import { withoutFence } from "./fence.ts";

/** The arguments that are programs. Not those that are a file's content, where a fence may be meant. */
const programs: ReadonlyMap<string, string> = new Map([
  ["run_code", "code"],
  ["run_shell", "command"],
  ["run_bash", "script"],
]);

/** The arguments without the code fence around a whole program; null where there is none. */
export function withoutProgramFence(tool: string, value: unknown): Json | null {
  const key = programs.get(tool);
  if (key === undefined || !isRecord(value)) return null;
  const program = value[key];
  if (typeof program !== "string") return null;
  const withoutFences = withoutFence(program);
  return withoutFences === program || withoutFences.trim() === ""
    ? null
    : { ...value, [key]: withoutFences };
}
