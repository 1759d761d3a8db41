// Memory that runs out on demand: this program's malloc() stands before glibc's, and lets one
// allocation fail that libkosmonaut, libcurl, jansson or operator new asks for.
#pragma once

#include <cstddef>

namespace faults {

/// While this lives, the @p nth allocation of this thread fails, counted from 1; 0 only counts.
class failing_allocation {
  public:
    explicit failing_allocation(std::size_t nth);
    ~failing_allocation();
    failing_allocation(const failing_allocation &) = delete;
    failing_allocation &operator=(const failing_allocation &) = delete;

    std::size_t count() const noexcept;
    bool has_struck() const noexcept { return nth_ != 0 && count() >= nth_; }

  private:
    const std::size_t nth_;
};

/// While this lives, what this thread allocates so is remembered until anybody frees it.
class allocation_ledger {
  public:
    allocation_ledger();
    ~allocation_ledger();
    allocation_ledger(const allocation_ledger &) = delete;
    allocation_ledger &operator=(const allocation_ledger &) = delete;

    /// How many of them nobody has freed.
    static std::size_t outstanding() noexcept;
};

} // namespace faults
