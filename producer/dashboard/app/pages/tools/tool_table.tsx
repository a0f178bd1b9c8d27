/** The tools of the fleet, with what to set for those that are not configured. */
import type { Listing } from "../../data/responses.ts";
import { Code } from "../../parts/inline.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { UntrustedText } from "../../parts/untrusted_text.tsx";
import { formatValue, visibleLine } from "../../text/visible.ts";

type Tool = Listing["tools"][number];

export function ToolTable({ tools }: { tools: readonly Tool[] }) {
  return (
    <Table label="Tools" columns={["Tool", "Effect", "State", ["Description", "wide"]]}>
      {tools.map((tool) => (
        <ToolRow key={tool.name} tool={tool} />
      ))}
    </Table>
  );
}

function ToolRow({ tool: { name, effect, configured, reason, ...tool } }: { tool: Tool }) {
  return (
    <tr>
      <td>
        <Code text={name} />
      </td>
      <td>{effect}</td>
      <td>
        <Badge status={configured ? "configured" : "hidden"} />
      </td>
      <td class="wide">
        <details>
          <summary class="fold">
            <span class="clamp">{visibleLine(reason ?? tool.description, 300)}</span>
          </summary>
          <div class="tool-body">
            {reason !== null && <p>{visibleLine(tool.description, 1_000)}</p>}
            <UntrustedText
              text={formatValue(tool.input_schema)}
              file={`${name}.schema.json`}
              label={`Arguments of ${name}`}
            />
          </div>
        </details>
      </td>
    </tr>
  );
}
