import fs from "node:fs";

const rules = [
  ["refund", /refund|money back/i],
  ["damaged", /broken|damaged|cracked|in pieces/i],
  ["invoice", /invoice|VAT/i],
  ["account", /log in|password|my account/i],
  ["delivery", /parcel|tracking|delivered/i],
];
const tickets = JSON.parse(fs.readFileSync("tickets.json", "utf8"));
const classified = tickets.map(({ id, subject, body }) => {
  const [category] = rules.find(([, pattern]) => pattern.test(`${subject} ${body}`)) ?? [
    "question",
  ];
  return { id, category, urgent: /third time|disappointed|unacceptable/i.test(body) };
});
fs.writeFileSync("classified.json", JSON.stringify(classified));
const counts = {};
for (const { category } of classified) counts[category] = (counts[category] ?? 0) + 1;
const sorted = Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
console.log(
  JSON.stringify({
    counts: sorted,
    urgent: classified.filter((ticket) => ticket.urgent).map((ticket) => ticket.id),
  }),
);
