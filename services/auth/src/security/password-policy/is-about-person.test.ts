import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isAboutPerson } from './is-about-person.ts'

const mina = { username: 'mina_star', email: 'kim.mina1998@example.org', displayName: '김미나' }
const service = ['immersiverse', 'auth']

function assertAbout(expected: boolean, passwords: readonly string[], person = mina): void {
  for (const password of passwords) assert.equal(isAboutPerson(password, person, service), expected, password)
}

describe('a password is about a person', () => {
  it('who has it as a name, with digits and signs', () => {
    assertAbout(true, [
      'mina_star2024',
      'M1NA_ST4R-2024',
      'kim.mina1998!!!',
      '김미나김미나123456',
      'minaminamina',
      '19981998mina',
    ])
  })

  it('backwards too', () => {
    assertAbout(true, ['ratsanim1234', 'rats_anim!!!!', '나미김나미김0000'])
  })

  it('where it is the name of the service', () => {
    assertAbout(true, ['immersiverse', 'Immersiverse2026!', 'IMMERSIVERSE-auth', 'esrevisremmi99'])
  })

  it('where little more stands beside it', () => {
    assertAbout(true, ['minastar-pw99', 'immersivemina immersiverse'.slice(14)])
    assertAbout(false, ['minastar umbrella', 'my immersiverse umbrella'])
  })

  it('only where it has something of it', () => {
    assertAbout(false, ['123456789012', 'borrowed umbrella', 'x7Gq!vR2mZ#p'])
  })

  it('not where a name is so short that it stands in every text', () => {
    assertAbout(false, ['20kimi20kimi'], { username: 'ki', email: 'mi@example.org', displayName: 'ik' })
  })
})
