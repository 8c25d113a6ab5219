import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findChromium, launchChromium, platformsRequired } from '@shoal/platforms/chromium';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { startDemo } from './page-server.ts';

const SHOTS = fileURLToPath(new URL('../screenshots/', import.meta.url));
/** How long the page may take to show something, in ms: long enough for any slow machine. */
const PATIENCE = 120_000;

const NODES = ['feeder', 'gateway-1', 'gateway-2', 'node-1', 'node-2', 'node-3'];

async function see(page: Page, name: string, state: string): Promise<void> {
  const row = page.locator(`tr[data-name="${name}"][data-state="${state}"]`);
  await row.waitFor({ timeout: PATIENCE });
}

/** The VLSN of the newest entry that the page shows. */
async function newest(page: Page): Promise<number> {
  return Number(await page.locator('#log li').first().getAttribute('data-vlsn'));
}

/** Waits until the page shows `count` more entries than now. */
async function seeEntries(page: Page, count: number): Promise<void> {
  const wanted = (await newest(page)) + count;
  const isThere = (vlsn: number): boolean =>
    Number(document.querySelector<HTMLElement>('#log li')?.dataset['vlsn']) >= vlsn;
  await page.waitForFunction(isThere, wanted, { timeout: PATIENCE });
}

/** Waits until the page is a member through a gateway other than `other`, and returns it. */
async function linkBesides(page: Page, other: string): Promise<string> {
  const isLinked = (not: string): boolean =>
    !['joining', 'none', not].includes(document.body.dataset['link']!);
  await page.waitForFunction(isLinked, other, { timeout: PATIENCE });
  return page.evaluate(() => document.body.dataset['link']!);
}

async function addressOfPage(page: Page): Promise<string> {
  return (await page.locator('tr[data-role="page"] .address').first().textContent())!;
}

it('a page joins, sees a node die, follows the log, and survives its gateway', async ({ skip }) => {
  const chromium = findChromium();
  if (chromium === undefined) {
    if (platformsRequired()) throw new Error('Chromium is missing, but required');
    console.log('skipped: Chromium is missing: install it, or set SHOAL_CHROMIUM to its path');
    return skip();
  }
  await mkdir(SHOTS, { recursive: true });
  await using demo = await startDemo(0);
  const { cluster, url } = demo;
  const browser = await launchChromium(chromium);
  try {
    const page = await browser.newPage({
      viewport: { width: 1180, height: 1040 },
      reducedMotion: 'reduce',
    });
    const faults: Error[] = [];
    page.on('pageerror', (error) => faults.push(error));
    await page.goto(url);

    for (const name of NODES) await see(page, name, 'alive');
    const first = await addressOfPage(page);
    expect(first).toMatch(/^127\.0\.0\.1:\d+!tab-/);
    // A node with no connection to the page knows it as a member too.
    await expect.poll(() => cluster.membersOf('node-1'), { timeout: PATIENCE }).toContain(first);
    await page.locator('#log li').first().waitFor({ timeout: PATIENCE });
    await seeEntries(page, 3);
    await page.screenshot({ path: `${SHOTS}all-alive.png`, fullPage: true });

    await page.getByRole('button', { name: 'kill node-2' }).click();
    await see(page, 'node-2', 'down');
    await page.getByRole('img', { name: /6 members alive; node-2 down/ }).waitFor();
    await page.screenshot({ path: `${SHOTS}one-down.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: `${SHOTS}one-down-dark.png`, fullPage: true });
    await page.getByRole('button', { name: 'start node-2' }).click();
    await see(page, 'node-2', 'alive');

    const gateway = await linkBesides(page, '');
    await cluster.kill(gateway);
    const other = await linkBesides(page, gateway);
    expect([gateway, other].sort()).toEqual(['gateway-1', 'gateway-2']);
    await see(page, gateway, 'down');
    await seeEntries(page, 3);
    const second = await addressOfPage(page);
    expect(second).not.toBe(first);
    await expect.poll(() => cluster.membersOf('node-1'), { timeout: PATIENCE }).toContain(second);
    await expect
      .poll(() => cluster.membersOf('node-1'), { timeout: PATIENCE })
      .not.toContain(first);
    for (const name of NODES) if (name !== gateway) await see(page, name, 'alive');
    await page.screenshot({ path: `${SHOTS}other-gateway-dark.png`, fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: `${SHOTS}narrow-dark.png`, fullPage: true });

    await page.close();
    await expect
      .poll(() => cluster.membersOf('node-1'), { timeout: PATIENCE })
      .not.toContain(second);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
}, 600_000);
