// An import registers each row as a single registration would, in the order of the file.
import type { ImportRow } from '../src/services/customers/customer-import';
import type { Registration } from '../src/services/customers/customer-service';
import { ACTOR, aCustomer, aTurn, aWorkspace, startApp, type TestApp } from './support/app';
import { hasLongForms } from './support/long-form';
import { SAVE } from './support/operations';

const P1 = '+393330000001';
const P2 = '+393330000002';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const rowsOf = (registrations: readonly Registration[]): ImportRow[] =>
  registrations.map((registration, index) => ({ line: index + 2, registration }));

const importAll = (shop: { id: string }, registrations: readonly Registration[], skipBad = false) =>
  app.services.customerImporter.import(shop.id, rowsOf(registrations), {
    skipBad,
    actor: ACTOR,
    progress: () => undefined,
  });

const customersOf = (shop: { id: string }) =>
  app.database.sql<{
    id: string;
    name: string;
    phone_number: string | null;
    whatsapp_user_id: string | null;
  }>(`SELECT id, name, phone_number, whatsapp_user_id FROM customers WHERE workspace_id = $1 ORDER BY name`, [
    shop.id,
  ]);

it('refuses the second of two rows that name one customer by phone and by user id', async () => {
  const shop = await aWorkspace(app);
  const { id } = await aCustomer(app, shop, { phoneNumber: P1, whatsappUserId: 'IT.1' });
  const rows = [
    { name: 'By phone', phoneNumber: P1 },
    { name: 'By user id', whatsappUserId: 'IT.1' },
  ];
  expect(await importAll(shop, rows)).toMatchObject({
    imported: false,
    bad: [{ line: 3, why: 'The same contact is in line 2.' }],
  });
  expect(await importAll(shop, rows, true)).toMatchObject({ imported: true, updated: 1, created: 0 });
  expect(await customersOf(shop)).toEqual([
    { id, name: 'By phone', phone_number: P1, whatsapp_user_id: 'IT.1' },
  ]);
});

it('gives a phone number that an earlier row gives up to a new customer', async () => {
  const shop = await aWorkspace(app);
  const { id } = await aCustomer(app, shop, { phoneNumber: P1, whatsappUserId: 'IT.1' });
  const rows = [
    { name: 'Moved', phoneNumber: P2, whatsappUserId: 'IT.1' },
    { name: 'New owner of the number', phoneNumber: P1 },
  ];
  expect(await importAll(shop, rows)).toMatchObject({ imported: true, created: 1, updated: 1, bad: [] });
  const [moved, successor] = await customersOf(shop);
  expect(moved).toMatchObject({ id, phone_number: P2, whatsapp_user_id: 'IT.1' });
  expect(successor).toMatchObject({ phone_number: P1, whatsapp_user_id: null });
  expect(successor?.id).not.toBe(id);
});

it('gives a user id that an earlier row gives up to another known customer', async () => {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { name: 'A', phoneNumber: P1, whatsappUserId: 'IT.1' });
  await aCustomer(app, shop, { name: 'B', phoneNumber: P2 });
  const rows = [
    { name: 'A', phoneNumber: P1, whatsappUserId: 'IT.2' },
    { name: 'B', phoneNumber: P2, whatsappUserId: 'IT.1' },
  ];
  expect(await importAll(shop, rows)).toMatchObject({ imported: true, updated: 2, bad: [] });
  expect(await customersOf(shop)).toMatchObject([
    { phone_number: P1, whatsapp_user_id: 'IT.2' },
    { phone_number: P2, whatsapp_user_id: 'IT.1' },
  ]);
});

it('refuses a row whose phone number and user id belong to two customers', async () => {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { name: 'A', phoneNumber: P1, whatsappUserId: 'IT.1' });
  await aCustomer(app, shop, { name: 'B', phoneNumber: P2, whatsappUserId: 'IT.2' });
  const rows = [{ name: 'Swapped', phoneNumber: P1, whatsappUserId: 'IT.2' }];
  expect(await importAll(shop, rows)).toMatchObject({
    imported: false,
    bad: [{ line: 2, why: 'The phone number and the WhatsApp user id belong to two different customers.' }],
  });
});

it('refuses new customers of an archived workspace and still updates known ones', async () => {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { name: 'Known', phoneNumber: '+393331234567' });
  await app.api.as(shop.service).data(SAVE, { input: aTurn(shop) });
  expect(await app.services.workspaces.remove(shop.id, ACTOR)).toBe('archived');
  await expect(
    importAll(shop, [
      { name: 'Renamed', phoneNumber: '+393331234567' },
      { name: 'New', phoneNumber: P1 },
    ]),
  ).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await customersOf(shop)).toMatchObject([{ name: 'Known' }]);
  expect(await importAll(shop, [{ name: 'Renamed', phoneNumber: '+393331234567' }])).toMatchObject({
    imported: true,
    updated: 1,
  });
});

it('has the same result as registering its rows one after another', async () => {
  const start = [
    { name: 'A', phoneNumber: P1, whatsappUserId: 'IT.1' },
    { name: 'B', phoneNumber: P2 },
  ];
  const contacts = [undefined, P1, P2].flatMap((phoneNumber) =>
    [undefined, 'IT.1', 'IT.2'].map((whatsappUserId) => ({ phoneNumber, whatsappUserId })),
  );
  const pairs = contacts.flatMap((first) =>
    contacts.map((second) => [
      { name: 'First', ...first },
      { name: 'Second', ...second },
    ]),
  );
  // 4 and 9 share no divisor: every contact comes first, and comes second, in the quarter, too.
  const tried = pairs.filter((_, index) => hasLongForms || index % 4 === 0);
  const aShop = async (name: string) => {
    await app.services.workspaces.create({ id: name, name, timeZone: 'Europe/Rome', currency: 'EUR' }, ACTOR);
    for (const registration of start) await aCustomer(app, { id: name }, registration);
    return { id: name };
  };
  const plain = async (shop: { id: string }) => (await customersOf(shop)).map(({ id: _, ...rest }) => rest);
  for (const [index, pair] of tried.entries()) {
    const imported = await aShop(`imported-${index}`);
    const { bad } = await importAll(imported, pair, true);
    const registered = await aShop(`registered-${index}`);
    for (const [row, registration] of pair.entries()) {
      if (!bad.some(({ line }) => line === row + 2)) await aCustomer(app, registered, registration);
    }
    expect({ pair, customers: await plain(imported) }).toEqual({ pair, customers: await plain(registered) });
  }
});
