// What DKIM costs per message: hashing a body while it is spooled, and making one signature.
//
//     bazel run --config=opt //dkim:dkim_bench

#include <benchmark/benchmark.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <atomic>
#include <string>
#include <utility>

#include "dkim/canonical.h"
#include "dkim/key.h"
#include "dkim/rfc_vectors.h"
#include "dkim/signer.h"
#include "dkim/signing_pool.h"

namespace convoy::dkim {
namespace {

PrivateKey::Ptr RsaKey(unsigned bits) {
  EVP_PKEY* key = EVP_RSA_gen(bits);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  PrivateKey::Ptr loaded = *PrivateKey::FromPem({data, static_cast<size_t>(size)});
  BIO_free(bio);
  EVP_PKEY_free(key);
  return loaded;
}

PrivateKey::Ptr KeyOfBits(int64_t bits) {
  return bits == 256 ? *PrivateKey::FromEd25519Seed(std::string(kEd25519KeyBytes, 'k'))
                     : RsaKey(static_cast<unsigned>(bits));
}

std::string Text(size_t size) {
  std::string text;
  while (text.size() < size) {
    text.append("Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.\r\n");
  }
  return text;
}

SigningJob MakeJob(const PrivateKey::Ptr& key) {
  SigningJob job;
  job.key = key;
  job.options.domain = "example.com";
  job.options.selector = "s1";
  job.header_block = vectors::kHeader;
  job.body_hash = BodyHash(job.options.body, vectors::kBody);
  return job;
}

void BodyHashing(benchmark::State& state) {
  const auto c = state.range(0) == 0 ? Canonicalization::kSimple : Canonicalization::kRelaxed;
  const std::string body = Text(static_cast<size_t>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(BodyHash(c, body));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(BodyHashing)->ArgNames({"relaxed", "octets"})->ArgsProduct({{0, 1}, {4096, 1 << 20}});

void Signing(benchmark::State& state) {
  const SigningJob job = MakeJob(KeyOfBits(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Sign(*job.key, job.options, job.header_block, job.body_hash));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Signing)->ArgName("bits")->Arg(256)->Arg(1024)->Arg(2048);

// Signatures a second from `threads` threads that share one key.
void Pool(benchmark::State& state) {
  const SigningJob job = MakeJob(KeyOfBits(state.range(1)));
  SigningPool pool({.threads = static_cast<int>(state.range(0)), .queue_max = 256});
  for (auto _ : state) {
    SigningJob copy = job;
    SigningPool::Callback callback = [](absl::StatusOr<std::string>) {};
    while (!pool.Submit(std::move(copy), std::move(callback))) std::this_thread::yield();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Pool)->ArgNames({"threads", "bits"})->ArgsProduct({{1, 2}, {256, 2048}})->UseRealTime();

}  // namespace
}  // namespace convoy::dkim

BENCHMARK_MAIN();
