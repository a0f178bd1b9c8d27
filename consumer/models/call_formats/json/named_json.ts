import { isRecord, type Json, stringAt } from "../../../../shared/text/json.ts";

/** A call written as a JSON value. */
export interface NamedCall {
  name: string;
  arguments: unknown;
  id?: string;
}

const argumentKeys = ["arguments", "parameters", "args", "input", "tool_input", "action_input"];
const nameKeys = ["name", "tool_name", "tool", "function", "action"];
const companions = new Set([...argumentKeys, ...nameKeys, "id", "type", "tool_call_id", "call_id"]);

function fromRecord(value: Json): NamedCall[] {
  for (const list of ["tool_calls", "function_calls", "calls"]) {
    if (Array.isArray(value[list])) return namedCalls(value[list]);
  }
  if (isRecord(value.function)) {
    const inner = fromRecord(value.function);
    const id = stringAt(value, "id");
    return inner.map((call) => ({ ...call, ...(id === null ? {} : { id }) }));
  }
  const name = stringAt(value, ...nameKeys);
  if (name === null) return [];
  const id = stringAt(value, "id");
  const key = argumentKeys.find((candidate) => candidate in value);
  if (key !== undefined) {
    // Keys other than name and arguments mean that this is ordinary data.
    if (Object.keys(value).some((each) => !companions.has(each))) return [];
    return [{ name, arguments: value[key], ...(id === null ? {} : { id }) }];
  }
  const nameKey = nameKeys.find((candidate) => value[candidate] === name);
  const rest = Object.fromEntries(Object.entries(value).filter(([each]) => each !== nameKey));
  return [{ name, arguments: rest }];
}

/** The calls that a JSON value means: one, a list, or wrapped in `tool_calls` or `function`. */
export function namedCalls(value: unknown): NamedCall[] {
  if (isRecord(value)) return fromRecord(value);
  if (!Array.isArray(value) || value.length === 0) return [];
  const each = value.map((item) => (isRecord(item) ? fromRecord(item) : []));
  // A list with one entry that is not a call is a list of ordinary data.
  return each.some((calls) => calls.length === 0) ? [] : each.flat();
}
