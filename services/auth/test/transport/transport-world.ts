import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { AuthService } from '@immersiverse/auth-contract'
import {
  openRawPeer,
  type RawPeer,
  type RawPeerOptions,
} from '../../../../tools/hostile/wire/open-raw-peer.ts'
import { openTestAuth, type TestAuth } from '../open-test-auth.ts'

/** Paths of a call with one answer, and of one with a stream. */
export const validate = `/${AuthService.typeName}/ValidateToken`
export const snapshot = `/${AuthService.typeName}/GetRevocationSnapshot`

/** The service with these settings, for one test. */
export async function open(
  t: TestContext,
  environment: Readonly<Record<string, string>> = {},
): Promise<TestAuth> {
  const auth = await openTestAuth({ environment })
  t.after(() => auth.close())
  return auth
}

/** A raw connection to it, by default from another address than the good client's. */
export async function openPeer(
  t: TestContext,
  auth: TestAuth,
  options: Partial<RawPeerOptions> = {},
): Promise<RawPeer> {
  const peer = await openRawPeer({ port: auth.service.grpcPort, from: '127.0.0.2', ...options })
  t.after(() => peer[Symbol.asyncDispose]())
  return peer
}

/** Calls without the client package: no deadline, any metadata, any bytes. */
export async function callPlainly(
  auth: TestAuth,
  path: string,
  bytes: Buffer,
  metadata = new Metadata(),
): Promise<ServiceError> {
  const client = new Client(auth.address, credentials.createInsecure())
  const { promise, resolve } = Promise.withResolvers<ServiceError>()
  const asItIs = (value: Buffer) => value
  client.makeUnaryRequest(path, asItIs, asItIs, bytes, metadata, (error) => resolve(error as ServiceError))
  return await promise.finally(() => client.close())
}

/** Waits for something to become true. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await holds())) {
    assert.ok(performance.now() < endMs, what)
    await sleep(10)
  }
}

/** A line of `/metrics` by its name and labels; 0 where it is not there. */
export async function readMetric({ service }: TestAuth, line: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${service.adminPort}/metrics`)
  const text = (await answer.text()).split('\n').find((each) => each.startsWith(`${line} `))
  return Number(text?.slice(line.length) ?? 0)
}

/** How often the gRPC transport has refused for this reason. */
export const refusals = (auth: TestAuth, refusal: string) =>
  readMetric(auth, `auth_transport_refusals_total{transport="grpc",refusal="${refusal}"}`)

/** The good client still gets its answer, on the connection that it has. */
export async function assertServes(auth: TestAuth): Promise<void> {
  const { reason, valid } = await auth.auth.validateToken({ accessToken: 'none' })
  assert.deepEqual([valid, reason > 0], [false, true])
}
