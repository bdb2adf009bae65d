<?php
// Seals a password with plain PHP 8, as spec/seal.md says: a JWE that only the server opens.

declare(strict_types=1);

/**
 * An envelope: good for one purpose, one account, five minutes, and once.
 *
 * @param array $document the answer of GET /api/auth/sealing-key
 */
function seal(array $document, string $password, string $purpose, string $email): string
{
    $header = base64url(json_encode(['alg' => 'RSA-OAEP-256', 'enc' => 'A256GCM', 'kid' => $document['kid']]));
    $members = ['password' => $password, 'purpose' => $purpose, 'email' => $email, 'nonce' => $document['nonce']];
    $payload = json_encode($members, JSON_THROW_ON_ERROR);
    // Spaces hide how long the password is.
    $payload = str_pad($payload, intdiv(strlen($payload) + 255, 256) * 256);
    $content_key = random_bytes(32);
    $iv = random_bytes(12);
    $ciphertext = openssl_encrypt($payload, 'aes-256-gcm', $content_key, OPENSSL_RAW_DATA, $iv, $tag, $header);
    $wrapped = oaep($content_key, openssl_pkey_get_public($document['pem']));
    return implode('.', [$header, ...array_map(base64url(...), [$wrapped, $iv, $ciphertext, $tag])]);
}

/** RSAES-OAEP with SHA-256 (RFC 8017 §7.1.1). Before PHP 8.5, openssl_public_encrypt itself knows SHA-1 only. */
function oaep(string $message, OpenSSLAsymmetricKey $key): string
{
    $bytes = intdiv(openssl_pkey_get_details($key)['bits'] + 7, 8);
    $seed = random_bytes(32);
    $block = hash('sha256', '', true) . str_repeat("\0", $bytes - strlen($message) - 66) . "\1" . $message;
    $block ^= mask($seed, strlen($block));
    $seed ^= mask($block, strlen($seed));
    openssl_public_encrypt("\0" . $seed . $block, $sealed, $key, OPENSSL_NO_PADDING)
        or throw new RuntimeException('the server offers a key that OpenSSL cannot use');
    return $sealed;
}

/** MGF1 with SHA-256 (RFC 8017 §B.2.1). */
function mask(string $seed, int $bytes): string
{
    for ($mask = '', $counter = 0; strlen($mask) < $bytes; $counter++) {
        $mask .= hash('sha256', $seed . pack('N', $counter), true);
    }
    return substr($mask, 0, $bytes);
}

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}
