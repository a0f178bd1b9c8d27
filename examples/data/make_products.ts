export interface Product {
  sku: string;
  name: string;
  category: string;
  /** Euro, two decimals. */
  unit_price: number;
  weight_g: number;
  stock: number;
  reorder_level: number;
}

const shelf: readonly (readonly [category: string, prefix: string, items: readonly string[]])[] = [
  [
    "coffee",
    "COF",
    [
      "Sidamo washed 250 g|9.90|250|412|120",
      "Sidamo washed 1 kg|34.50|1000|96|60",
      "Huehuetenango natural 250 g|10.90|250|233|120",
      "Antigua honey 250 g|12.40|250|88|100",
      "House espresso 1 kg|24.90|1000|540|200",
      "Decaf Cauca 250 g|11.20|250|61|80",
    ],
  ],
  [
    "tea",
    "TEA",
    [
      "Darjeeling first flush 100 g|14.80|100|140|50",
      "Sencha Uji 100 g|12.60|100|37|50",
      "Rooibos 200 g|6.40|200|310|80",
      "Earl Grey 200 g|8.20|200|275|80",
      "Jasmine pearls 100 g|16.90|100|54|40",
    ],
  ],
  [
    "grinder",
    "GRD",
    [
      "Hand grinder, steel burr|89.00|620|45|20",
      "Electric grinder 40 mm|149.00|2400|31|15",
      "Electric grinder 64 mm|329.00|4900|9|10",
      "Burr set 40 mm|24.50|110|75|25",
    ],
  ],
  [
    "brewer",
    "BRW",
    [
      "Dripper, ceramic|22.50|430|190|60",
      "Dripper, copper|48.00|310|28|20",
      "French press 1 l|34.90|780|122|50",
      "Moka pot 6 cups|36.00|640|84|40",
      "Cold brew tower|129.00|3100|6|8",
      "Gooseneck kettle 0.9 l|69.00|1150|71|30",
    ],
  ],
  [
    "cup",
    "CUP",
    [
      "Espresso cup, set of 4|28.00|560|143|40",
      "Double wall glass, set of 2|19.90|340|201|60",
      "Travel mug 350 ml|24.90|290|318|90",
      "Stoneware mug|13.50|380|260|80",
    ],
  ],
  [
    "supply",
    "SUP",
    [
      "Paper filters, 100|5.40|140|880|300",
      "Descaler 500 ml|7.90|540|402|120",
      "Scale 0.1 g|39.00|410|58|30",
      "Tamper 58 mm|32.00|450|44|20",
      "Cleaning tablets, 60|9.60|210|366|100",
    ],
  ],
];

export function makeProducts(): Product[] {
  return shelf.flatMap(([category, prefix, items]) =>
    items.map((line, at) => {
      const [name = "", price = "0", weight = "0", stock = "0", reorder = "0"] = line.split("|");
      return {
        sku: `${prefix}-${String(at + 1).padStart(2, "0")}`,
        name,
        category,
        unit_price: Number(price),
        weight_g: Number(weight),
        stock: Number(stock),
        reorder_level: Number(reorder),
      };
    }),
  );
}

export function productsCsv(): string {
  const rows = makeProducts().map((p) =>
    [
      p.sku,
      p.name.includes(",") ? `"${p.name}"` : p.name,
      p.category,
      p.unit_price.toFixed(2),
      p.weight_g,
      p.stock,
      p.reorder_level,
    ].join(","),
  );
  return `${["sku,name,category,unit_price,weight_g,stock,reorder_level", ...rows].join("\n")}\n`;
}
