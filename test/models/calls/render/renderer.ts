/** How calls are written into text: what the families of models share. */
export interface ExpectedCall {
  name: string;
  arguments: Record<string, unknown>;
}

export interface Renderer {
  family: string;
  /**
   * The family writes values without their types: without a schema, `42` may be a string, and an empty text may
   * be an empty list.
   */
  needsTypes?: true;
  /** True for a family without marks: its call counts only if it is the whole text. */
  isWholeText: boolean;
  /** Text that the family cannot write, because its own marks would end there. */
  cannot?: RegExp;
  render(calls: readonly ExpectedCall[]): string;
}

export const json = (value: unknown) => JSON.stringify(value);
export const each =
  (renderCall: (call: ExpectedCall, index: number) => string, glue = "\n") =>
  (calls: readonly ExpectedCall[]) =>
    calls.map(renderCall).join(glue);
export const asText = (value: unknown) => (typeof value === "string" ? value : json(value));
export const pairs = (call: ExpectedCall) => Object.entries(call.arguments);

export function python(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${json(key)}: ${python(inner)}`)
      .join(", ")}}`;
  }
  return json(value);
}
export const pythonCall = (call: ExpectedCall) =>
  `${call.name}(${pairs(call)
    .map(([key, value]) => `${key}=${python(value)}`)
    .join(", ")})`;

export function quoteValue(value: unknown, quote: string): string {
  if (typeof value === "string") return `${quote}${value}${quote}`;
  if (Array.isArray(value)) return `[${value.map((inner) => quoteValue(inner, quote)).join(",")}]`;
  if (typeof value !== "object" || value === null) return json(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}:${quoteValue(inner, quote)}`)
    .join(",")}}`;
}

export const glmPairs = (call: ExpectedCall, glue: string) =>
  pairs(call)
    .map(
      ([key, value]) => `<arg_key>${key}</arg_key>${glue}<arg_value>${asText(value)}</arg_value>`,
    )
    .join(glue);

export const invokes = (prefix: string, calls: readonly ExpectedCall[]) =>
  calls
    .map(
      (call) =>
        `<${prefix}invoke name="${call.name}">\n${pairs(call)
          .map(
            ([key, value]) =>
              `<${prefix}parameter name="${key}" string="${typeof value === "string"}">${asText(value)}</${prefix}parameter>\n`,
          )
          .join("")}</${prefix}invoke>`,
    )
    .join("\n");

export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}

export const m3 = "]<]minimax[>[";

/** Values as MiniMax M3 nests them: the members of an object and the items of a list in tags of their own. */
export function nested(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map((item) => `${m3}<item>${nested(item)}${m3}</item>`).join("");
  }
  if (typeof value !== "object" || value === null) return asText(value);
  return Object.entries(value)
    .map(([key, inner]) => `${m3}<${key}>${nested(inner)}${m3}</${key}>`)
    .join("");
}
