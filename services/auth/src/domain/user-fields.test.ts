import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  displayNameRule,
  emailRule,
  makePasswordRule,
  rolesRule,
  tierRule,
  toUsernameKey,
} from './user-fields.ts'

it('usernames that differ in case or Unicode form are one', () => {
  assert.equal(toUsernameKey('MINA'), toUsernameKey('mina'))
  assert.equal(toUsernameKey('ｍｉｎａ'), toUsernameKey('mina'))
  assert.equal(toUsernameKey('é'), toUsernameKey('e\u0301'))
})

it('emailRule takes addresses and refuses what is none', () => {
  for (const email of ['a@b.kr', 'first.last+tag@sub.example.com']) assert.equal(emailRule(email), undefined)
  for (const email of ['', 'a', 'a@b', '@b.kr', 'a@.kr', 'a@b..kr', 'a b@c.kr', 'a@b@c.kr', 'a@b.kr\n']) {
    assert.notEqual(emailRule(email), undefined, JSON.stringify(email))
  }
})

it('displayNameRule refuses blank and invisible names', () => {
  assert.equal(displayNameRule('미나 🎧'), undefined)
  for (const name of ['', '   ', 'a\u202Eb', 'a\u0000', 'x'.repeat(65)]) {
    assert.notEqual(displayNameRule(name), undefined, JSON.stringify(name))
  }
})

it('a password is long enough by code points in NFKC, and bounded in bytes', () => {
  const rule = makePasswordRule(12)
  assert.equal(rule('correct horse'), undefined)
  assert.equal(rule('비밀번호는열두글자이상이다'), undefined)
  assert.notEqual(rule('short'), undefined)
  assert.notEqual(rule('😀'.repeat(11)), undefined)
  assert.equal(rule('x'.repeat(1024)), undefined)
  assert.notEqual(rule('x'.repeat(1025)), undefined)
})

it('roles and tiers keep to their alphabets', () => {
  assert.equal(rolesRule(['admin', 'chat:moderator']), undefined)
  assert.notEqual(rolesRule(['admin', 'admin']), undefined)
  assert.notEqual(rolesRule(['Admin']), undefined)
  assert.notEqual(rolesRule(Array.from({ length: 33 }, (_, n) => `r${n}`)), undefined)
  assert.equal(tierRule('PREMIUM'), undefined)
  assert.equal(tierRule(''), undefined)
  assert.notEqual(tierRule('PREMIUM PLUS'), undefined)
})
