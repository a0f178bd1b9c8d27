/** The narrowest rules that would have permitted the denied requests, as the CLI proposes them. */
import { useMemo } from "preact/hooks";
import { proposeRules } from "../../../../../policies/learn.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Panel } from "../../parts/layout.tsx";
import { UntrustedText } from "../../parts/untrusted_text.tsx";
import { count } from "../../text/format.ts";

/** One rule a line. */
const rulesText = (rules: readonly object[]): string =>
  `{"rules": [\n${rules.map((rule) => `  ${JSON.stringify(rule)}`).join(",\n")}\n]}`;

export function ProposedRules({ input }: { input: { query: URLSearchParams } | null }) {
  const deniedRequests = usePolled("GET /v1/egress", input, { eachMs: 30_000 });
  const proposal = useMemo(
    () => proposeRules(deniedRequests.value?.decisions ?? []),
    [deniedRequests.value],
  );
  if (proposal.rules.length === 0) return null;
  const requests = proposal.requests.reduce((sum, perRule) => sum + perRule, 0);
  return (
    <Panel title="Rules that would permit denied requests">
      <p class="note proposed">
        They would permit {count(requests)} denied {requests === 1 ? "request" : "requests"}.
        Untrusted text can make an agent send any request: review each rule before you add it to a
        policy.
      </p>
      <UntrustedText
        text={rulesText(proposal.rules)}
        file="proposed-rules.json"
        label="Proposed rules"
      />
    </Panel>
  );
}
