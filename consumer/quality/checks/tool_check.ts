/** A check that is a custom tool: it gets the answer and the input, and passes when its result is ok. */
import { problemsOf, problemText } from "../../models/repair/validate.ts";
import type { BindingName } from "../../tools/bindings.ts";
import { offerOf } from "../../tools/catalog.ts";
import type { Tool, ToolContext } from "../../tools/define.ts";
import { type CheckVerdict, failed, noVerdict, passed } from "./verdict.ts";

export async function runToolCheck(
  tool: Tool | undefined,
  name: string,
  { output, input }: { output: unknown; input: unknown },
  context: ToolContext<BindingName>,
): Promise<CheckVerdict> {
  if (tool === undefined) return noVerdict(`There is no tool ${name} here.`);
  if (tool.effect !== "read")
    return noVerdict(
      `The tool ${name} has effects, so it cannot be a check. Use a tool that only reads.`,
    );
  const args = { output, ...(input === undefined ? {} : { input }) };
  const schema = offerOf(tool).original;
  const problems = problemsOf(args, schema);
  if (problems.length > 0)
    return noVerdict(`It does not take {output, input}: ${problemText(name, problems, schema)}`);
  const result = await tool.run(args as never, context);
  return result.ok ? passed : failed(result.text);
}
