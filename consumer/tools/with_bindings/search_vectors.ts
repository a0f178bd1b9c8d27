import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { runModel } from "./workers_ai.ts";

export const searchVectors = defineTool({
  name: "search_vectors",
  description:
    "Finds the entries of the operator's vector index that are closest in meaning to a text, best first, each " +
    "with its score and its metadata.",
  input: Type.Object(
    {
      query: Type.String({ minLength: 1, maxLength: toolLimits.vectorQueryCharsMax }),
      count: Type.Optional(Type.Integer({ minimum: 1, maximum: toolLimits.vectorMatchesMax })),
    },
    { additionalProperties: false },
  ),
  effect: "read",
  bindings: ["VECTORS", "AI", "VECTORS_MODEL"],
  defaults: { VECTORS_MODEL: "@cf/baai/bge-m3" },
  async run({ query, count = toolLimits.vectorMatchesDefault }, context) {
    const { AI, VECTORS, VECTORS_MODEL } = context.bindings;
    const permission = context.spend(toolLimits.embeddingDollars);
    if (!permission.ok) return toolError(permission.error);
    const output = await runModel(AI, VECTORS_MODEL, { text: [query] }, context);
    if (!output.ok) return toolError(output.error);
    const vector = output.value instanceof Uint8Array ? null : vectorIn(output.value.data);
    if (vector === null) return toolError(`${VECTORS_MODEL} returned no embedding.`);
    const { matches } = await VECTORS.query(vector, { topK: count, returnMetadata: "all" });
    const lines = matches.map(({ id, score, metadata }) =>
      JSON.stringify({ id, score: Math.round(score * 1e4) / 1e4, metadata: metadata ?? {} }),
    );
    return toolResult(lines.join("\n") || "The index has no similar entry.");
  },
});

function vectorIn(data: unknown): number[] | null {
  const first: unknown = Array.isArray(data) ? data[0] : null;
  if (!Array.isArray(first) || first.length === 0) return null;
  return first.every((entry) => typeof entry === "number") ? first : null;
}
