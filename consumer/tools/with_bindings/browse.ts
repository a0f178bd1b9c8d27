import { Type } from "@sinclair/typebox";
import { defineTool, toolError, toolResult } from "../define.ts";
import { openPage } from "./page.ts";

export const browse = defineTool({
  name: "browse",
  description:
    "Opens a web page in a browser, runs its scripts, and returns it as Markdown. For pages that are empty with " +
    "fetch_url; slower than fetch_url. The task's egress policy must permit the URL.",
  input: Type.Object(
    { url: Type.String({ minLength: 1, description: "an absolute https URL" }) },
    { additionalProperties: false },
  ),
  effect: "read",
  bindings: ["BROWSER"],
  async run({ url }, context) {
    const { BROWSER } = context.bindings;
    const page = await openPage(url, context, (options) =>
      BROWSER.quickAction("markdown", options),
    );
    if (!page.ok) return toolError(page.error);
    return toolResult(typeof page.value === "string" ? page.value : "The page is empty.");
  },
});
