#include "sim/mpi/mpi_world.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <numeric>
#include <thread>

#include "sim/mpi/mpi_transport.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// The same for all processes of a machine, also where they see different host names.
std::string machine() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

}  // namespace

bool is_launched_by_mpi() {
  constexpr std::array variables = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(variables.begin(), variables.end(),
                     [](const char* variable) { return std::getenv(variable) != nullptr; });
}

MpiWorld::MpiWorld() {
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  ::prctl(PR_SET_TIMERSLACK, 1);  // so that sleeps end on time
  const std::vector<std::string> machines = gather(machine());
  const auto here = std::count(machines.begin(), machines.end(), machine());
  shares_cores_ = here > static_cast<std::ptrdiff_t>(std::thread::hardware_concurrency());
}

MpiWorld::~MpiWorld() {
  MPI_Finalize();
}

std::string MpiWorld::host() const {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  return {name.data(), static_cast<std::size_t>(length)};
}

std::string MpiWorld::version() const {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data());
  return all.substr(0, all.find_first_of(",\n"));
}

void MpiWorld::run(int workers, const std::function<void(Transport&)>& rank,
                   const std::function<void(Transport&)>& server) {
  const bool takes_part = rank_ < workers + (server ? 1 : 0);
  MPI_Comm ranks = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, takes_part ? 0 : MPI_UNDEFINED, rank_, &ranks);
  if (takes_part) {
    try {
      MpiTransport transport(ranks, workers, shares_cores_ ? Cores::shared : Cores::own);
      (rank_ < workers ? rank : server)(transport);
    } catch (const std::exception& error) {
      abort(error.what());
    }
    MPI_Barrier(ranks);  // what this rank has sent may still be on its way
    MPI_Comm_free(&ranks);
  }
  wait_for_all();
}

std::vector<std::string> MpiWorld::gather(const std::string& mine) const {
  const auto ranks = static_cast<std::size_t>(size_);
  const int length = static_cast<int>(mine.size());
  std::vector<int> lengths(ranks);
  MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD);
  std::vector<int> places(ranks);
  std::exclusive_scan(lengths.begin(), lengths.end(), places.begin(), 0);
  std::string all(static_cast<std::size_t>(places.back() + lengths.back()), '\0');
  MPI_Allgatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), places.data(), MPI_CHAR, MPI_COMM_WORLD);
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < ranks; ++r) texts.push_back(all.substr(places[r], lengths[r]));
  return texts;
}

void MpiWorld::agree(const std::function<void()>& work) const {
  std::string failure;
  try {
    work();
  } catch (const InputError& error) {
    failure = error.serialised();
  }
  for (const std::string& text : gather(failure)) {
    if (!text.empty()) throw InputError::deserialise(text);
  }
}

void MpiWorld::complain(const InputError& error) const {
  if (rank_ == 0) say(error.what());
  // mpirun ends all ranks as soon as one has failed, so nobody may leave before.
  MPI_Barrier(MPI_COMM_WORLD);
}

void MpiWorld::abort(const std::string& why) const {
  say("simrun: rank " + std::to_string(rank_) + ": " + why);
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::abort();
}

/// A barrier that leaves the processor to others.
void MpiWorld::wait_for_all() const {
  MPI_Request barrier{};
  MPI_Ibarrier(MPI_COMM_WORLD, &barrier);
  int is_done = 0;
  while (MPI_Test(&barrier, &is_done, MPI_STATUS_IGNORE), is_done == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace simrun
