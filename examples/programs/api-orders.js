let pending = 0;
let units = 0;
let cursor = "/v1/orders?status=pending&limit=15";
let pages = 0;
while (cursor !== null) {
  const response = await fetch(`https://orders.example${cursor}`);
  if (!response.ok) throw new Error(`orders.example answered ${response.status}`);
  const page = await response.json();
  pages += 1;
  for (const order of page.orders) {
    pending += 1;
    units += order.quantity;
  }
  cursor = page.next;
}
console.log(JSON.stringify({ pending, units, pages }));
