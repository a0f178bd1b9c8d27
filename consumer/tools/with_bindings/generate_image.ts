import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { runModel } from "./workers_ai.ts";

/** Dollars per image of 1024 by 1024; flux-1-schnell takes four tiles and four steps. */
const prices: Readonly<Record<string, number>> = {
  "@cf/black-forest-labs/flux-1-schnell": 4 * 0.0000528 + 4 * 0.0001056,
};

export const generateImage = defineTool({
  name: "generate_image",
  description:
    "Generates an image from a description and writes it to a file of the workspace. It costs money.",
  input: Type.Object(
    {
      prompt: Type.String({ minLength: 1, maxLength: toolLimits.imagePromptCharsMax }),
      path: Type.String({ minLength: 1, description: "the file to write, such as cover.jpg" }),
    },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  bindings: ["AI", "IMAGE_MODEL"],
  defaults: { IMAGE_MODEL: "@cf/black-forest-labs/flux-1-schnell" },
  async run({ prompt, path }, context) {
    const { AI, IMAGE_MODEL } = context.bindings;
    // A model of unknown price counts as the most expensive one, so that a budget fails closed.
    const permission = context.spend(prices[IMAGE_MODEL] ?? toolLimits.imageDollarsUnknown);
    if (!permission.ok) return toolError(permission.error);
    const output = await runModel(AI, IMAGE_MODEL, { prompt }, context);
    if (!output.ok) return toolError(output.error);
    const { value } = output;
    const bytes = value instanceof Uint8Array ? value : decodeImage(value.image);
    if (bytes === null) return toolError("Workers AI returned no image.");
    const result = context.files.write(path, bytes);
    if (!result.ok) return toolError(result.error);
    return toolResult(`Wrote ${bytes.byteLength} bytes to ${path}.`);
  },
});

function decodeImage(image: unknown): Uint8Array | null {
  try {
    return typeof image === "string" && image !== "" ? Uint8Array.fromBase64(image) : null;
  } catch {
    return null;
  }
}
