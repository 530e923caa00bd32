// The words on the paper, in each language.
export const LANGUAGES = ['en', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Words {
  /** How dates and numbers are written. */
  locale: string;
  statement: (number: string) => string;
  /** The note that the paper is no invoice. */
  noInvoice: string;
  month: string;
  closed: string;
  clients: string;
  messages: string;
  price: string;
  charges: (count: string) => string;
  more: (count: string) => string;
  own: string;
  carried: string;
  carriedMeans: string;
  total: string;
  sha256: string;
  previousSha256: string;
  client: string;
  erased: (number: string) => string;
  amount: (currency: string) => string;
  nobody: string;
  tooMany: (clients: string, lines: string) => string;
  aboutIds: (substitute: string) => string;
  page: (page: string, pages: string) => string;
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    locale: 'en-GB',
    statement: (number) => `Usage statement no. ${number}`,
    noInvoice: 'Usage statement: this document is not valid for tax purposes',
    month: 'Month',
    closed: 'Closed on',
    clients: 'Clients',
    messages: 'Messages',
    price: 'Price per message',
    charges: (count) => `${count} charged`,
    more: (count) => `and ${count} more`,
    own: 'This month',
    carried: 'Carried from earlier months',
    carriedMeans: 'Messages of earlier months that came late, and charges that were taken back since.',
    total: 'Total',
    sha256: 'SHA-256 of its lines',
    previousSha256: 'SHA-256 of the one before',
    client: 'Client',
    erased: (number) => `Erased customer ${number}`,
    amount: (currency) => `Amount (${currency})`,
    nobody: 'No client used anything.',
    tooMany: (clients, lines) =>
      `The lines of its ${clients} clients (${lines}) are too many for paper: see the CSV, which has them all.`,
    aboutIds: (substitute) =>
      `A code below a name is the client's id, as in the CSV: two clients have this name, or ${substitute} stands in it for a character that this paper's font lacks.`,
    page: (page, pages) => `page ${page} of ${pages}`,
  },
  it: {
    locale: 'it-IT',
    statement: (number) => `Riepilogo consumi n. ${number}`,
    noInvoice: 'Riepilogo consumi: documento non valido ai fini fiscali',
    month: 'Mese',
    closed: 'Chiuso il',
    clients: 'Clienti',
    messages: 'Messaggi',
    price: 'Prezzo di un messaggio',
    charges: (count) => `${count} addebitati`,
    more: (count) => `e altri ${count}`,
    own: 'Questo mese',
    carried: 'Riporto dai mesi precedenti',
    carriedMeans: 'Messaggi di mesi precedenti arrivati in ritardo, e addebiti stornati nel frattempo.',
    total: 'Totale',
    sha256: 'SHA-256 delle righe',
    previousSha256: 'SHA-256 del precedente',
    client: 'Cliente',
    erased: (number) => `Cliente cancellato ${number}`,
    amount: (currency) => `Importo (${currency})`,
    nobody: 'Nessun cliente ha consumato nulla.',
    tooMany: (clients, lines) =>
      `Le righe dei ${clients} clienti (${lines}) sono troppe per la carta: sono tutte nel CSV.`,
    aboutIds: (substitute) =>
      `Il codice sotto un nome è l’id del cliente, come nel CSV: due clienti hanno questo nome, oppure ${substitute} sta per un carattere che manca nel font di questo documento.`,
    page: (page, pages) => `pagina ${page} di ${pages}`,
  },
};
