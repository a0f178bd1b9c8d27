import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../shared/limits.ts";
import { defineTool, done, refused } from "./define.ts";
import { pageFault, visit } from "./page.ts";

export const screenshot = defineTool({
  name: "screenshot",
  description:
    "Opens a web page in a browser and writes a picture of it, PNG, to a file of the workspace. The task's " +
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
  async run({ url, path, full_page = false }, { bindings, fetchBy, files }) {
    const page = await fetchBy(url, (decided) =>
      bindings.BROWSER.quickAction("screenshot", {
        ...visit(decided),
        viewport: toolLimits.screenshotPixels,
        screenshotOptions: { type: "png", fullPage: full_page },
      }),
    );
    const fault = pageFault(page) ?? files.write(path, page.body);
    return fault === null
      ? done(`Wrote ${page.body.byteLength} bytes to ${path}.`)
      : refused(fault);
  },
});
