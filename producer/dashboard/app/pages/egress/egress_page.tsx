/** Egress: the requested hosts, each decision, and rules that would permit what was denied. */
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../../data/api.ts";
import { usePolled } from "../../data/use_polled.ts";
import { StaleNotice } from "../../parts/feedback.tsx";
import { PageHeader } from "../../parts/layout.tsx";
import { DecisionsPanel } from "./decisions_panel.tsx";
import { type EgressFilter, EgressFilters, FilterChips } from "./egress_filters.tsx";
import { HostsPanel } from "./hosts_panel.tsx";
import { ProposedRules } from "./proposed_rules.tsx";

const eachMs = 10_000;
const hostsMax = 50;
const pageRows = 50;
const deniedMax = 500;

export function EgressPage() {
  const { query } = useLocation();
  const batches = usePolled("GET /v1/batches", { query: { limit: 20 } });
  // The log of the tenant may be large, so the page starts with the latest batch.
  const batchIds = (batches.value?.batches ?? []).map(({ id }) => id);
  const batch = query.batch ?? batchIds[0] ?? null;
  const { host = "", action = "", policy = "", cursor = null } = query;
  const filter: EgressFilter = { batch: query.batch ?? "", host, action, policy };
  const isBatchKnown = batches.value !== null || query.batch !== undefined;
  const inputWith = (fields: Record<string, string | number | null>) => {
    const batchId = batch === "all" ? null : batch;
    const query = queryOf({ batch_id: batchId, host, action, policy, ...fields });
    return isBatchKnown ? { query } : null;
  };
  const hosts = usePolled("GET /v1/egress/hosts", inputWith({ limit: hostsMax }), { eachMs });
  const decisions = usePolled("GET /v1/egress", inputWith({ cursor, limit: pageRows }), { eachMs });
  return (
    <>
      <PageHeader
        title="Egress"
        actions={<EgressFilters filter={filter} batch={batch} batchIds={batchIds} />}
      />
      <FilterChips filter={filter} />
      <StaleNotice polled={hosts} />
      <HostsPanel hosts={hosts} filter={filter} />
      <ProposedRules input={inputWith({ action: "deny", limit: deniedMax })} />
      <DecisionsPanel
        decisions={decisions}
        filter={filter}
        firstPage={cursor === null ? null : pagePath("/egress", filter)}
      />
    </>
  );
}
