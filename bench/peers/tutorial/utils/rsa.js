const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const folder = path.join('storage', 'rsa');
const privatePath = path.join(folder, 'private.pem');
const publicPath = path.join(folder, 'public.pem');
let privateKey;
let publicKey;

// What the README of such a service tells its reader to type.
function makeKeys() {
  if (!fs.existsSync(privatePath)) {
    fs.mkdirSync(folder, { recursive: true });
    execFileSync('openssl', ['genrsa', '-out', privatePath, '2048'], { stdio: 'ignore' });
    execFileSync('openssl', ['rsa', '-in', privatePath, '-pubout', '-out', publicPath], { stdio: 'ignore' });
  }
  privateKey = crypto.createPrivateKey(fs.readFileSync(privatePath));
  publicKey = fs.readFileSync(publicPath, 'utf8');
}

// Tutorials use RSA_PKCS1_PADDING here, which Node has refused since its fix of CVE-2023-46809.
function decrypt(text) {
  const options = { key: privateKey, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  return crypto.privateDecrypt(options, Buffer.from(text, 'base64')).toString('utf8');
}

module.exports = { makeKeys, decrypt, publicKey: () => publicKey };
