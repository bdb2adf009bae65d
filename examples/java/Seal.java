// Seals a password with the JDK alone, as spec/seal.md says: a JWE that only the server opens.
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/** What a sealing-key document (GET /api/auth/sealing-key) offers. */
record Seal(String kid, String pem, String nonce) {
    static Seal of(String document) {
        return new Seal(Json.member(document, "kid"), Json.member(document, "pem"), Json.member(document, "nonce"));
    }

    /** An envelope: good for one purpose, one account, five minutes, and once. */
    String seal(String password, String purpose, String email) throws GeneralSecurityException {
        var generator = KeyGenerator.getInstance("AES");
        generator.init(256);
        var contentKey = generator.generateKey();

        var der = Base64.getMimeDecoder().decode(pem.replaceAll("-----.*-----", ""));
        // Spelled out, since Java's own OAEPWithSHA-256AndMGF1Padding makes the mask with SHA-1.
        var oaep = new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
        var rsa = Cipher.getInstance("RSA/ECB/OAEPPadding");
        rsa.init(Cipher.WRAP_MODE, KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der)), oaep);

        var header = base64url(Json.object("alg", "RSA-OAEP-256", "enc", "A256GCM", "kid", kid).getBytes(UTF_8));
        var payload = Json.object("password", password, "purpose", purpose, "email", email, "nonce", nonce);
        var aes = Cipher.getInstance("AES/GCM/NoPadding");
        aes.init(Cipher.ENCRYPT_MODE, contentKey); // draws a random iv of 12 bytes
        aes.updateAAD(header.getBytes(UTF_8));
        // Java appends the tag of 16 bytes, a JWE has it apart.
        var sealed = aes.doFinal(padded(payload.getBytes(UTF_8)));
        var ciphertext = Arrays.copyOf(sealed, sealed.length - 16);
        var tag = Arrays.copyOfRange(sealed, sealed.length - 16, sealed.length);
        return String.join(".", header, base64url(rsa.wrap(contentKey)), base64url(aes.getIV()), base64url(ciphertext),
            base64url(tag));
    }

    /** With spaces, which hide how long the password is. */
    private static byte[] padded(byte[] json) {
        var bytes = Arrays.copyOf(json, (json.length + 255) / 256 * 256);
        Arrays.fill(bytes, json.length, bytes.length, (byte) ' ');
        return bytes;
    }

    private static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
