import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { openPage } from "./page.ts";

export const screenshot = defineTool({
  name: "screenshot",
  description:
    "Opens a web page in a browser and writes a PNG of it to a file of the workspace. The task's " +
    "egress policy must permit the URL.",
  input: Type.Object(
    {
      url: Type.String({ minLength: 1, description: "an absolute https URL" }),
      path: Type.String({ minLength: 1, description: "the file to write, such as page.png" }),
      full_page: Type.Optional(Type.Boolean({ description: "the whole page, not the window" })),
    },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  bindings: ["BROWSER"],
  async run({ url, path, full_page = false }, context) {
    const { BROWSER } = context.bindings;
    // Not the action "screenshot": it returns only the image, without the page's address.
    const page = await openPage(url, context, (options) =>
      BROWSER.quickAction("snapshot", {
        ...options,
        formats: ["screenshot", "markdown"],
        viewport: toolLimits.screenshotPixels,
        screenshotOptions: { type: "png", fullPage: full_page },
      }),
    );
    if (!page.ok) return toolError(page.error);
    const image = imageIn(page.value);
    if (image === null) return toolError("The browser returned no image.");
    const result = context.files.write(path, image);
    if (!result.ok) return toolError(result.error);
    return toolResult(`Wrote ${image.byteLength} bytes to ${path}.`);
  },
});

const pngStart = [0x89, 0x50, 0x4e, 0x47];

/** The PNG of a snapshot; null where there is none. */
function imageIn(result: unknown): Uint8Array | null {
  const text =
    typeof result === "object" && result !== null && "screenshot" in result
      ? result.screenshot
      : null;
  if (typeof text !== "string") return null;
  try {
    const bytes = Uint8Array.fromBase64(text.replace(/^data:image\/png;base64,/, ""));
    return pngStart.every((byte, index) => bytes[index] === byte) ? bytes : null;
  } catch {
    return null;
  }
}
