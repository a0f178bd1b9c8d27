import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../../shared/limits.ts";
import { defineTool, done, refused } from "../define.ts";
import { runModel } from "./workers_ai.ts";

/** Dollars a picture of 1024 by 1024; flux-1-schnell takes four tiles and four steps. */
const prices: Readonly<Record<string, number>> = {
  "@cf/black-forest-labs/flux-1-schnell": 4 * 0.0000528 + 4 * 0.0001056,
};

export const generateImage = defineTool({
  name: "generate_image",
  description:
    "Makes a picture from a description and writes it to a file of the workspace. It costs money.",
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
    // A model without a price is reckoned like the dearest one, so that a budget fails closed.
    const tooDear = context.spend(prices[IMAGE_MODEL] ?? toolLimits.imageDollarsUnknown);
    if (tooDear !== null) return refused(tooDear);
    const answer = await runModel(AI, IMAGE_MODEL, { prompt }, context);
    if (!answer.ok) return refused(answer.message);
    const bytes = answer.bytes ?? decoded(answer.value.image);
    if (bytes === null) return refused("Workers AI answered without a picture.");
    const fault = context.files.write(path, bytes);
    return fault === null ? done(`Wrote ${bytes.byteLength} bytes to ${path}.`) : refused(fault);
  },
});

function decoded(image: unknown): Uint8Array | null {
  try {
    return typeof image === "string" && image !== "" ? Uint8Array.fromBase64(image) : null;
  } catch {
    return null;
  }
}
