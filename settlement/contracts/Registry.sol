// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/**
 * @title Who may sign for whom
 *
 * @notice A party is named by its owner: the address of a key that is kept offline (cold). The registrar enters parties
 * and ends them. A signer (hot key, in a gateway or server) signs the party's records. Everything about keys is the
 * owner's own business: the registrar can neither change a key nor touch money.
 *
 * Which signature under a record counts:
 * 1. The owner's own, always. It also lifts the daily cap.
 * 2. The present signer's.
 * 3. That of a signer that was rotated out, for service periods that ended before the rotation, for one WINDOW after it.
 *    So a record that was signed just before a rotation can still be settled. Afterwards the new signer or the owner
 *    signs the same record again.
 * 4. That of any former signer, revoked or not, under a record that one of its two parties logged (see RecordLog) while
 *    the key was good. So nobody can sign, use what it paid for, and then take its signature back by a revocation.
 *
 * A revoked key counts for nothing else from that block on, whatever service period the record names: a thief would
 * back-date. A record of before that nobody logged is saved by the owner, who signs it too.
 *
 * A key belongs to one owner and has one life: it begins and ends once, and no later rotation moves its end or brings it
 * back.
 */
abstract contract Registry is EIP712 {
    /**
     * @notice A party. Read at every settlement, so all of it shares one slot.
     * @param since Unix seconds from which service periods may start: the time of registration; 0 for who was never registered.
     * @param until Unix seconds by which service periods must end; the largest value while not retired.
     * @param cap Daily cap until `nextCapFrom`, in token units. NO_CAP for none.
     * @param nextCap Daily cap from then on.
     * @param nextCapFrom Unix seconds.
     */
    struct Party {
        uint40 since;
        uint40 until;
        uint64 cap;
        uint64 nextCap;
        uint40 nextCapFrom;
    }

    /**
     * @notice The life of a signer.
     * @param owner For whom it signs; zero for a key that never was a signer.
     * @param since Unix seconds at which it became the signer.
     * @param until Unix seconds at which it ceased to be; the largest value while it is.
     * @param revoked Whether it was revoked, at `until` or later.
     */
    struct Key {
        address owner;
        uint40 since;
        uint40 until;
        bool revoked;
    }

    /// @notice How long a rotated key stays good for periods of before, and how long a one-sided withdrawal is announced.
    uint256 public constant WINDOW = 30 days;
    /// @notice How long before it holds a lower cap is announced, so that others can settle what was signed under the old one.
    uint256 public constant CAP_NOTICE = 7 days;
    /// @notice Stands for no daily cap; so it is after registration.
    uint64 public constant NO_CAP = type(uint64).max;

    uint40 private constant NEVER = type(uint40).max;
    bytes32 private constant POSSESSION_TYPEHASH = keccak256("PossessionProof(address owner)");

    /// @notice Who says which owner is a party: a distribution system operator or regulator, never an aggregator.
    address public immutable registrar;

    mapping(address owner => Party) private _parties;
    mapping(address owner => address signer) private _signers;
    mapping(address signer => Key) private _keys;

    /// @notice A party was registered or retired, or has another signer; zero while it has none.
    event PartySet(address indexed owner, address indexed signer, uint256 since, uint256 until);
    /// @notice A key ceased to be its owner's signer, or was revoked after that.
    event KeyEnded(address indexed owner, address indexed signer, uint256 until, bool revoked);
    /// @notice From `from` on the owner's daily cap is `cap`.
    event DailyCapSet(address indexed owner, uint256 cap, uint256 from);

    /// @notice Only the registrar may do this.
    error NotRegistrar(address caller);
    /// @notice The zero address cannot be a party, signer, token or registrar.
    error ZeroAddress();
    /// @notice An owner is registered once; who was retired comes back under another owner address.
    error AlreadyRegistered(address owner);
    /// @notice Nobody registered this owner.
    error UnknownParty(address owner);
    /// @notice A retirement can neither lie in the past nor put off an earlier one.
    error BadRetirement(uint256 until, uint256 earliest, uint256 latest);
    /// @notice This key is or was a signer, or is the owner's own.
    error KeyTaken(address signer);
    /// @notice The caller has no such key, or it is revoked already.
    error NoKey(address owner, address signer);
    /// @notice The party was not registered for the whole of the service period.
    error PartyNotValid(address owner, uint256 start, uint256 end, uint256 since, uint256 until);
    /// @notice The signature is by none of the owner's keys; `recovered` is zero where it is no signature at all.
    error WrongSigner(address owner, address recovered);
    /// @notice The key that signed is the owner's, but its time is over for this record.
    error KeyOver(address owner, address signer, uint256 until, bool revoked);
    /// @notice `a` must be lower than `b`.
    error PartiesNotOrdered(address a, address b);

    constructor(address registrar_) {
        if (registrar_ == address(0)) revert ZeroAddress();
        registrar = registrar_;
    }

    modifier onlyRegistrar() {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        _;
    }

    // ------------------------------------------------------------------------------------------------ registrar

    /**
     * @notice Registers a party; its records may cover service periods from now on. It has no daily cap yet.
     * @dev An owner is registered at most once, so a key of the past stays readable for ever.
     * @param owner The party.
     * @param signer Its first hot key.
     * @param pop Signature of `PossessionProof(owner)` by `signer`, so nobody can register somebody else's key.
     */
    function register(address owner, address signer, bytes calldata pop) external onlyRegistrar {
        if (owner == address(0)) revert ZeroAddress();
        if (_parties[owner].since != 0) revert AlreadyRegistered(owner);
        _setSigner(
            owner,
            Party({since: _now(), until: NEVER, cap: NO_CAP, nextCap: NO_CAP, nextCapFrom: 0}),
            signer,
            pop
        );
    }

    /**
     * @notice Ends a party: no record whose service period ends later can be settled. Records of before remain good,
     * and money in escrow is not touched.
     * @param owner The party.
     * @param until Unix seconds, not before this block; 0 stands for this block's time. A set date can only be brought forward.
     */
    function retire(address owner, uint40 until) external onlyRegistrar {
        Party memory party = _partyOf(owner);
        uint40 ending = until == 0 ? _now() : until;
        if (ending < block.timestamp || ending >= party.until) revert BadRetirement(ending, block.timestamp, party.until);
        party.until = ending;
        _setParty(owner, party);
    }

    // ------------------------------------------------------------------------------------------------ owner

    /**
     * @notice Replaces the caller's signer, or names one after a revocation. The old key keeps a WINDOW for service periods
     * that have ended by now, unless the caller revokes it.
     * @param signer The next key; never a signer before.
     * @param pop Signature of `PossessionProof(owner)` by `signer`.
     */
    function rotate(address signer, bytes calldata pop) external {
        Party memory party = _partyOf(msg.sender);
        address former = _signers[msg.sender];
        if (former != address(0)) _endKey(msg.sender, former, false);
        _setSigner(msg.sender, party, signer, pop);
    }

    /**
     * @notice Ends a key of the caller at once, present or rotated out: for one that is stolen or lost.
     * @param signer The key.
     */
    function revoke(address signer) external {
        Party memory party = _partyOf(msg.sender);
        Key memory key = _keys[signer];
        if (key.owner != msg.sender || key.revoked) revert NoKey(msg.sender, signer);
        _endKey(msg.sender, signer, true);
        if (_signers[msg.sender] != signer) return;
        _signers[msg.sender] = address(0);
        _setParty(msg.sender, party);
    }

    /**
     * @notice Bounds what the caller's signer can make the caller owe. In each pair of the caller its total may grow, by
     * records that only the signer has signed, by `cap` for each day since the pair's last settlement and by one day's cap
     * more. A higher cap holds at once, a lower one after CAP_NOTICE; until then it can be replaced.
     * @param cap Token units a day, NO_CAP for none.
     */
    function setDailyCap(uint64 cap) external {
        Party memory party = _partyOf(msg.sender);
        uint64 present = _capNow(party);
        bool lower = cap < present;
        party.cap = lower ? present : cap;
        party.nextCap = cap;
        party.nextCapFrom = lower ? _now() + uint40(CAP_NOTICE) : _now();
        _parties[msg.sender] = party;
        emit DailyCapSet(msg.sender, cap, party.nextCapFrom);
    }

    // ------------------------------------------------------------------------------------------------ views

    /**
     * @notice Registration of a party; all zero for who was never registered.
     * @return party Its dates and caps.
     * @return signer Its present signer, zero after a revocation.
     */
    function partyOf(address owner) external view returns (Party memory party, address signer) {
        return (_parties[owner], _signers[owner]);
    }

    /// @notice Life of a signer; all zero for a key that never was one.
    function keyOf(address signer) external view returns (Key memory) {
        return _keys[signer];
    }

    /// @notice Daily cap that holds now, NO_CAP for none.
    function dailyCapOf(address owner) external view returns (uint64) {
        return _capNow(_partyOf(owner));
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _partyOf(address owner) internal view returns (Party memory party) {
        party = _parties[owner];
        if (party.since == 0) revert UnknownParty(owner);
    }

    function _checkOrder(address a, address b) internal pure {
        if (a >= b) revert PartiesNotOrdered(a, b);
    }

    function _signerOf(address owner) internal view returns (address) {
        return _signers[owner];
    }

    /// @dev Refuses a service period for which the party was not registered.
    function _checkPeriod(address owner, Party memory party, uint256 start, uint256 end) internal pure {
        if (start < party.since || end > party.until) revert PartyNotValid(owner, start, end, party.since, party.until);
    }

    /**
     * @dev Refuses a signature that does not count for the party; see the rules above. ECDSA takes 65 bytes with low s only.
     * @param end When the service period ended.
     * @param loggedAt When the record was logged; 0 where that is not known.
     * @return own Whether it is the owner's own signature.
     */
    function _checkSignature(
        address owner,
        bytes32 digest_,
        bytes calldata signature,
        uint256 end,
        uint256 loggedAt
    ) internal view returns (bool own) {
        address signer = _recover(digest_, signature);
        if (signer == owner) return true;
        Key memory key = _keys[signer];
        if (key.owner != owner) revert WrongSigner(owner, signer);
        if (key.until == NEVER) return false;
        bool rotated = !key.revoked && end <= key.until && block.timestamp <= key.until + WINDOW;
        bool logged = loggedAt >= key.since && loggedAt < key.until;
        if (!rotated && !logged) revert KeyOver(owner, signer, key.until, key.revoked);
    }

    /// @dev Zero where it is no signature.
    function _recover(bytes32 digest_, bytes calldata signature) internal pure returns (address signer) {
        (signer,,) = ECDSA.tryRecoverCalldata(digest_, signature);
    }

    function _capNow(Party memory party) internal view returns (uint64) {
        return block.timestamp < party.nextCapFrom ? party.cap : party.nextCap;
    }

    function _now() internal view returns (uint40) {
        return uint40(block.timestamp);
    }

    function _setSigner(address owner, Party memory party, address signer, bytes calldata pop) private {
        if (signer == address(0)) revert ZeroAddress();
        if (signer == owner || _keys[signer].owner != address(0)) revert KeyTaken(signer);
        address recovered = _recover(_hashTypedDataV4(keccak256(abi.encode(POSSESSION_TYPEHASH, owner))), pop);
        if (recovered != signer) revert WrongSigner(owner, recovered);
        _keys[signer] = Key({owner: owner, since: _now(), until: NEVER, revoked: false});
        _signers[owner] = signer;
        _setParty(owner, party);
    }

    /// @dev A key that has ended keeps its end.
    function _endKey(address owner, address signer, bool revoked) private {
        Key memory key = _keys[signer];
        if (key.until == NEVER) key.until = _now();
        key.revoked = revoked;
        _keys[signer] = key;
        emit KeyEnded(owner, signer, key.until, revoked);
    }

    function _setParty(address owner, Party memory party) private {
        _parties[owner] = party;
        emit PartySet(owner, _signers[owner], party.since, party.until);
    }
}
