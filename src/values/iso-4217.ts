// ISO 4217's list one: the codes of currencies, funds and metals in use, with the number of decimals of their minor
// units. The list is that which SIX published on 2024-06-25, with the changes of amendments 176, 179 and 180 up to
// 2026-01-01: XCG replaces ANG, XAD is new, BGN is gone. Node has CLDR's decimals, which are those of prices in shops:
// CLDR gives the forint none, but invoices in forints have two.

/**
 * Codes by the number of decimals of their minor unit. Codes without a minor unit (gold, the IMF's special drawing
 * rights) have none.
 */
const CODES: Readonly<Record<number, readonly string[]>> = {
  0: [
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    // Without a minor unit.
    'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX',
  ],
  2: [
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW',
    'CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF',
    'IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK',
    'MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP',
    'SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG',
    'YER ZAR ZMW ZWG',
  ],
  3: ['BHD IQD JOD KWD LYD OMR TND'],
  4: ['CLF UYW'],
};

/** Code -> decimals. */
export const ISO_4217: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES).flatMap(([digits, lines]) =>
    lines.flatMap((line) => line.split(' ')).map((code) => [code, Number(digits)]),
  ),
);
