import { Type } from "@sinclair/typebox";
import { defineTool, done, refused } from "./define.ts";
import { pageFault, readJson, visit } from "./page.ts";

export const browse = defineTool({
  name: "browse",
  description:
    "Opens a web page in a browser, runs its scripts, and answers it as Markdown. For pages that fetch_url " +
    "shows empty; slower than fetch_url. The task's egress policy must permit the URL.",
  input: Type.Object(
    { url: Type.String({ minLength: 1, description: "an absolute https URL" }) },
    { additionalProperties: false },
  ),
  effect: "read",
  bindings: ["BROWSER"],
  async run({ url }, { bindings, fetchBy }) {
    const page = await fetchBy(url, (decided) =>
      bindings.BROWSER.quickAction("markdown", visit(decided)),
    );
    const fault = pageFault(page);
    if (fault !== null) return refused(fault);
    const { result } = readJson(new TextDecoder().decode(page.body));
    return done(typeof result === "string" ? result : "The page is empty.");
  },
});
