import fs from "node:fs";

const customers = JSON.parse(fs.readFileSync("customers.json", "utf8"));
const identity = ({ email }) =>
  email
    .trim()
    .toLowerCase()
    .replace(/\+[^@]*@/, "@");
const oldest = new Map();
const merged = [];
for (const customer of [...customers].sort((a, b) => (a.signed_up_at < b.signed_up_at ? -1 : 1))) {
  const first = oldest.get(identity(customer));
  if (first === undefined)
    oldest.set(identity(customer), { ...customer, email: identity(customer) });
  else {
    first.phone ??= customer.phone;
    merged.push({ duplicate: customer.id, into: first.id });
  }
}
const clean = [...oldest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
merged.sort((a, b) => (a.duplicate < b.duplicate ? -1 : 1));
fs.writeFileSync("customers-clean.json", JSON.stringify(clean, null, 1));
console.log(JSON.stringify({ before: customers.length, after: clean.length, merged }));
