import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../../shared/limits.ts";
import { defineTool, done, refused } from "../define.ts";
import { runModel } from "./workers_ai.ts";

export const searchVectors = defineTool({
  name: "search_vectors",
  description:
    "Finds the entries of the operator's vector index that are nearest in meaning to a text, best first, each " +
    "with its score and what is stored with it.",
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
    const tooDear = context.spend(toolLimits.embeddingDollars);
    if (tooDear !== null) return refused(tooDear);
    const answer = await runModel(AI, VECTORS_MODEL, { text: [query] }, context);
    if (!answer.ok) return refused(answer.message);
    const vector = vectorIn(answer.value?.data);
    if (vector === null) return refused(`${VECTORS_MODEL} answered without an embedding.`);
    const { matches } = await VECTORS.query(vector, { topK: count, returnMetadata: "all" });
    const lines = matches.map(({ id, score, metadata }) =>
      JSON.stringify({ id, score: Math.round(score * 1e4) / 1e4, metadata: metadata ?? {} }),
    );
    return done(lines.join("\n") || "Nothing is stored that is near.");
  },
});

function vectorIn(data: unknown): number[] | null {
  const first: unknown = Array.isArray(data) ? data[0] : null;
  if (!Array.isArray(first) || first.length === 0) return null;
  return first.every((each) => typeof each === "number") ? first : null;
}
